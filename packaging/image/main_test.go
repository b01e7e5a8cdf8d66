package main

import (
	"archive/tar"
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

func planOf(t *testing.T) plan {
	t.Helper()
	program := filepath.Join(t.TempDir(), "sluis")
	if err := os.WriteFile(program, []byte("#!/bin/sh\necho sluis\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return plan{program: program, version: "v1.2.3", arch: "amd64", at: time.Unix(1764000000, 0).UTC()}
}

// The same program makes the same bytes, another makes others.
func TestImageIsReproducible(t *testing.T) {
	p := planOf(t)
	made := func(p plan) []byte {
		t.Helper()
		out := filepath.Join(t.TempDir(), "image.tar")
		if err := write(p, out); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	first := made(p)
	if !bytes.Equal(first, made(p)) {
		t.Error("two images of one program differ")
	}
	p.version = "v1.2.4"
	if bytes.Equal(first, made(p)) {
		t.Error("two versions make the same image")
	}
}

// The layout is whole, every digest holds, and what it runs is not root.
func TestImageHolds(t *testing.T) {
	out := filepath.Join(t.TempDir(), "image.tar")
	if err := write(planOf(t), out); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	f, err := os.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unpack(t, f, dir)
	index, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(index); err != nil {
		t.Fatal(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil || len(manifest.Manifests) != 1 || manifest.Manifests[0].Annotations["org.opencontainers.image.ref.name"] != "v1.2.3" {
		t.Fatalf("%+v: %v", manifest, err)
	}
	img, err := index.Image(manifest.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	c, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if _, volume := c.Config.Volumes[nodeDir]; c.Config.User != "65532:65532" || c.OS != "linux" || c.Architecture != "amd64" || !volume {
		t.Errorf("%+v", c)
	}
	layers, err := img.Layers()
	if err != nil || len(layers) != 1 {
		t.Fatalf("%d layers: %v", len(layers), err)
	}
	files, err := layers[0].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	defer files.Close()
	seen := map[string]*tar.Header{}
	pool := x509.NewCertPool()
	for r := tar.NewReader(files); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		seen[h.Name] = h
		if h.Name == "etc/ssl/certs/ca-certificates.crt" {
			content, err := io.ReadAll(r)
			if block, _ := pem.Decode(content); err != nil || block == nil || !pool.AppendCertsFromPEM(content) {
				t.Error("no certificate authorities")
			}
		}
	}
	if h := seen["usr/bin/sluis"]; h == nil || h.Mode != 0o755 || h.Uid != 0 {
		t.Errorf("the program: %+v", h)
	}
	if h := seen["var/lib/sluis/"]; h == nil || h.Mode != 0o700 || h.Uid != account {
		t.Errorf("the directory of the node: %+v", h)
	}
}

func unpack(t *testing.T, from io.Reader, dir string) {
	t.Helper()
	for r := tar.NewReader(from); ; {
		h, err := r.Next()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, filepath.FromSlash(h.Name))
		if h.Typeflag == tar.TypeDir {
			err = os.MkdirAll(path, 0o755)
		} else {
			var content []byte
			if content, err = io.ReadAll(r); err == nil {
				err = os.WriteFile(path, content, 0o644)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
