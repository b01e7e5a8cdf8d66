// Image writes the container image of Sluis as an OCI image layout in one tar
// file (OCI Image Format 1.1), without a container engine: the program, an account
// without rights, the public certificate authorities, and the directory of the
// node. The same program makes the same bytes.
//
// It is a module of its own so that none of what it needs reaches the program.
package main

import (
	"archive/tar"
	"bytes"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// account is the number of the account in the image; what runs as root in a
// container is root to the kernel.
const account = 65532

// nodeDir is where the node stands in the image; a volume.
const nodeDir = "/var/lib/sluis"

// A plan says what image to make.
type plan struct {
	program       string // path
	version, arch string
	at            time.Time // of the commit
}

func main() {
	var p plan
	var out string
	var epoch int64
	flag.StringVar(&p.program, "program", "", "`path` of the static program")
	flag.StringVar(&p.version, "version", "", "`version` of it")
	flag.StringVar(&p.arch, "arch", "amd64", "`processor` that it is for, as Go names it")
	flag.Int64Var(&epoch, "epoch", 0, "`seconds` since 1970 that everything is dated, SOURCE_DATE_EPOCH")
	flag.StringVar(&out, "out", "", "`path` of the tar file to write")
	flag.Parse()
	p.at = time.Unix(epoch, 0).UTC()
	if err := write(p, out); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

// write makes the image and writes its layout to a tar file.
func write(p plan, out string) (err error) {
	img, err := image(p)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "sluis-image-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	l, err := layout.Write(dir, empty.Index)
	if err != nil {
		return err
	}
	if err := l.AppendImage(img, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": p.version})); err != nil {
		return err
	}
	f, err := os.Create(out)
	if err != nil {
		return err
	}
	return errors.Join(pack(f, dir, p.at), f.Close())
}

// pack writes the files of a directory, in the order of their names.
func pack(w io.Writer, dir string, at time.Time) error {
	t := tar.NewWriter(w)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return t.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: filepath.ToSlash(name) + "/", Mode: 0o755, ModTime: at})
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return add(t, tar.Header{Name: filepath.ToSlash(name), Mode: 0o644, ModTime: at}, content)
	})
	return errors.Join(err, t.Close())
}

func add(t *tar.Writer, h tar.Header, content []byte) error {
	h.Typeflag, h.Size = tar.TypeReg, int64(len(content))
	if err := t.WriteHeader(&h); err != nil {
		return err
	}
	_, err := t.Write(content)
	return err
}

// image is the image: one layer and its configuration.
func image(p plan) (v1.Image, error) {
	files, err := rootfs(p)
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(files)), nil }, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return nil, err
	}
	at := v1.Time{Time: p.at}
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	img, err = mutate.Append(img, mutate.Addendum{Layer: layer, MediaType: types.OCILayer, History: v1.History{Created: at, CreatedBy: "sluis " + p.version}})
	if err != nil {
		return nil, err
	}
	return mutate.ConfigFile(img, configOf(img, p))
}

func configOf(img v1.Image, p plan) *v1.ConfigFile {
	c, err := img.ConfigFile()
	if err != nil {
		panic(err) // it was made a moment ago, in memory
	}
	c = c.DeepCopy()
	c.Architecture, c.OS, c.Created = p.arch, "linux", v1.Time{Time: p.at}
	c.Config = v1.Config{
		User:       fmt.Sprintf("%d:%d", account, account),
		Entrypoint: []string{"/usr/bin/sluis"},
		Cmd:        []string{"run"},
		// Secrets of the engine named sluis-key or sluis-passphrase open the keys.
		Env:          []string{"PATH=/usr/bin", "SLUIS_DIR=" + nodeDir, "CREDENTIALS_DIRECTORY=/run/secrets"},
		WorkingDir:   nodeDir,
		Volumes:      map[string]struct{}{nodeDir: {}},
		ExposedPorts: map[string]struct{}{"4001/tcp": {}, "4001/udp": {}},
		StopSignal:   "SIGTERM",
		Labels: map[string]string{
			"org.opencontainers.image.title":   "sluis",
			"org.opencontainers.image.version": p.version,
			"org.opencontainers.image.created": p.at.Format(time.RFC3339),
		},
	}
	return c
}

// rootfs is the file system of the image as a tar file.
func rootfs(p plan) ([]byte, error) {
	program, err := os.ReadFile(p.program)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	t := tar.NewWriter(&b)
	for _, d := range []struct {
		name  string
		mode  int64
		owner int
	}{
		{"etc/", 0o755, 0}, {"etc/ssl/", 0o755, 0}, {"etc/ssl/certs/", 0o755, 0}, {"usr/", 0o755, 0}, {"usr/bin/", 0o755, 0},
		{"var/", 0o755, 0}, {"var/lib/", 0o755, 0}, {nodeDir[1:] + "/", 0o700, account},
	} {
		h := tar.Header{Typeflag: tar.TypeDir, Name: d.name, Mode: d.mode, Uid: d.owner, Gid: d.owner, ModTime: p.at}
		if err := t.WriteHeader(&h); err != nil {
			return nil, err
		}
	}
	for _, f := range []struct {
		name    string
		mode    int64
		content []byte
	}{
		{"etc/group", 0o644, fmt.Appendf(nil, "root:x:0:\nsluis:x:%d:\n", account)},
		{"etc/passwd", 0o644, fmt.Appendf(nil, "root:x:0:0:root:/:/sbin/nologin\nsluis:x:%d:%d:Sluis node:%s:/sbin/nologin\n", account, account, nodeDir)},
		{"etc/ssl/certs/ca-certificates.crt", 0o644, authorities()},
		{"usr/bin/sluis", 0o755, program},
	} {
		if err := add(t, tar.Header{Name: f.name, Mode: f.mode, ModTime: p.at}, f.content); err != nil {
			return nil, err
		}
	}
	err = t.Close() // which writes the end
	return b.Bytes(), err
}

// authorities are the public certificate authorities, for an identity provider or
// a processing log over https. Those that are trusted with a constraint, which a
// file of certificates can't express, are left out.
func authorities() []byte {
	var b bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			_ = pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}) // to memory
		}
	}
	return b.Bytes()
}
