package testnet

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net"
	"os"
	"path/filepath"

	"sluis/api"
	"sluis/api/server"
)

// longestSocket is what every system takes for the path of a unix socket: macOS
// has 104 bytes with the NUL, Linux 108.
const longestSocket = 103

// socketOf is where the API of the node in dir is served: in dir itself, or,
// when that makes the path longer than a socket can have, in a private folder
// with a short name that dir links to.
func socketOf(dir string) string {
	path := filepath.Join(dir, api.SocketName)
	if len(path) <= longestSocket {
		return path
	}
	sum := sha256.Sum256([]byte(dir))
	return filepath.Join(os.TempDir(), "sluis-"+hex.EncodeToString(sum[:6]), api.SocketName)
}

// listen opens the socket of the node in dir, for its owner alone, and links
// to it from dir when it lies elsewhere.
func listen(dir string) (net.Listener, error) {
	path := socketOf(dir)
	link := filepath.Join(dir, api.SocketName)
	if path == link {
		return server.Listen(dir)
	}
	if err := privateFolder(filepath.Dir(path)); err != nil {
		return nil, err
	}
	if err := remove(link); err != nil {
		return nil, err
	}
	if err := os.Symlink(path, link); err != nil {
		return nil, err
	}
	return server.Listen(filepath.Dir(path))
}

// unlisten takes away what listen made for the node in dir beside the socket
// itself, which went when it was closed.
func unlisten(dir string) error {
	path := socketOf(dir)
	link := filepath.Join(dir, api.SocketName)
	if path == link {
		return nil
	}
	return errors.Join(remove(link), remove(filepath.Dir(path)))
}

// privateFolder makes a folder that nobody else can enter, or takes one that is
// there and is so.
func privateFolder(path string) error {
	err := os.Mkdir(path, 0o700)
	if err == nil || !errors.Is(err, os.ErrExist) {
		return err
	}
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() || info.Mode().Perm() != 0o700 {
		return errors.New("the folder for sockets is not private; remove it: " + path)
	}
	return nil
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
