package store

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// syncData makes what was written to a file durable. The size of the file must
// not have changed since its last full sync.
func syncData(f *os.File) error {
	for {
		if err := unix.Fdatasync(int(f.Fd())); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// freeBytes returns how much an ordinary user can still write to the file
// system of dir.
func freeBytes(dir string) (int64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, err
	}
	return int64(st.Bavail) * st.Bsize, nil
}
