package sim

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// extents calls do with each part of a file that is no hole.
func extents(f *os.File, do func(from, to int64) error) error {
	for at := int64(0); ; {
		from, err := unix.Seek(int(f.Fd()), at, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) {
			return nil
		}
		if err != nil {
			return err
		}
		to, err := unix.Seek(int(f.Fd()), from, unix.SEEK_HOLE)
		if err != nil {
			return err
		}
		if err := do(from, to); err != nil {
			return err
		}
		at = to
	}
}
