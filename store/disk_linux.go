package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

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

// lock takes a file for this process alone, until it is closed, or reports that
// another has it.
func lock(f *os.File) error {
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return ErrInUse
	}
	return nil
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

// releasePages tells the system that the pages of the files in dir that are
// mapped into memory need not stay there: they are read again when they are
// used. After the whole database has been read once, they would count as memory
// of the node for as long as it runs.
func releasePages(dir string) {
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return // nothing depends on it
	}
	for line := range strings.Lines(string(maps)) {
		// address-range, permissions, offset, device, inode, path
		f := strings.Fields(line)
		if len(f) != 6 || filepath.Dir(f[5]) != dir || filepath.Ext(f[5]) != ".sst" {
			continue
		}
		var start, end uintptr
		if _, err := fmt.Sscanf(f[0], "%x-%x", &start, &end); err != nil {
			continue
		}
		// PAGEOUT and not DONTNEED: by now there may be something else at this
		// address, and that must not lose anything.
		_, _, _ = unix.Syscall(unix.SYS_MADVISE, start, end-start, unix.MADV_PAGEOUT)
	}
}
