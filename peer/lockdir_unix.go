//go:build unix

package peer

import (
	"errors"
	"os"
	"syscall"
)

// lockDir keeps two processes from replacing the keystore of a directory at the
// same time. It waits; whoever has the lock needs it for one file.
func lockDir(dir string) (release func(), err error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(d.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return func() { _ = d.Close() }, nil
}
