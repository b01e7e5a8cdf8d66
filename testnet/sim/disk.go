package sim

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sluis/store"
)

// A doom is a power cut that is going to happen at a node, at a point of no
// return of one of its next writes.
type doom struct {
	commits int    // that go well before
	point   string // where it dies
	// torn leaves the last write half done: the log of the database ends somewhere
	// in it.
	torn   bool
	before map[string][]byte // the logs as they were before the write
}

var errPower = errors.New("sim: the power is cut")

// at is called by the store at each point of no return, in the thread of its
// sequencer, while the task that writes waits for it.
func (n *node) at(point string) error {
	if !n.up {
		return errPower
	}
	d := n.doom
	if d == nil {
		return nil
	}
	if point == store.BeforeCommit {
		if d.commits--; d.commits < 0 && d.torn {
			d.before = logsOf(n.dir)
		}
	}
	if point != d.point || d.commits >= 0 {
		return nil
	}
	n.die(d)
	return errPower
}

// die cuts the power: what is on disk now is all that there will be.
func (n *node) die(d *doom) {
	n.up, n.doom, n.dying = false, nil, true
	if err := snapshot(n.dir, n.after()); err != nil {
		n.world.fail(err)
		return
	}
	what := "idle"
	if d != nil {
		what = d.point
		if d.torn && tear(n.after(), d.before, n.world.rng.Float64()) {
			what = "torn write"
		}
	}
	n.world.count("power cuts: " + what)
	n.world.note(n, "dies", what)
}

// after is where the disk of a node that died is kept.
func (n *node) after() string { return n.dir + ".after" }

// logsOf reads the logs of a database without the zeroes behind what was written.
func logsOf(dir string) map[string][]byte {
	logs := map[string][]byte{}
	paths, _ := filepath.Glob(filepath.Join(dir, "store", "badger", "*.mem"))
	for _, path := range paths {
		logs[filepath.Base(path)], _ = readData(path)
	}
	return logs
}

// readData reads a sparse file up to the last byte that is not zero.
func readData(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var all bytes.Buffer
	err = extents(f, func(from, to int64) error {
		all.Write(make([]byte, from-int64(all.Len())))
		_, err := io.Copy(&all, io.NewSectionReader(f, from, to-from))
		return err
	})
	return bytes.TrimRight(all.Bytes(), "\x00"), err
}

// tear cuts off the end of what the last write added to a log, by zeroes as they
// were there before. It reports whether there was one log that grew.
func tear(dir string, before map[string][]byte, where float64) bool {
	var grown string
	for name, now := range logsOf(dir) {
		was, known := before[name]
		if !known {
			return false // the log was changed: the write is in a new one
		}
		if len(now) > len(was) {
			grown = name
		}
	}
	if grown == "" {
		return false
	}
	path := filepath.Join(dir, "store", "badger", grown)
	now, err := readData(path)
	if err != nil {
		return false
	}
	from := len(before[grown]) + int(where*float64(len(now)-len(before[grown])))
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	_, err = f.WriteAt(make([]byte, len(now)-from), int64(from))
	return err == nil
}

// snapshot copies the directory of a node while it does not write. What Badger
// does in the background may change the files meanwhile: then it copies again.
func snapshot(from, to string) error {
	for range 20 {
		if err := os.RemoveAll(to); err != nil {
			return err
		}
		before, err := listing(from)
		if err != nil {
			return err
		}
		err = copyDir(from, to)
		after, listErr := listing(from)
		if listErr != nil {
			return listErr
		}
		if err == nil && before == after {
			return nil
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return errors.New("sim: the files of a node do not stand still")
}

// listing is which files there are, and the manifest, which says what counts.
func listing(dir string) (string, error) {
	var all strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		all.WriteString(path + "\n")
		if d.Name() == "MANIFEST" {
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			all.Write(content)
		}
		return nil
	})
	return all.String(), err
}

func copyDir(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o700)
		}
		return copySparse(path, filepath.Join(to, rel))
	})
}

// copySparse copies the data of a file and leaves its holes: the logs of Badger
// are mostly hole.
func copySparse(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, info.Mode().Perm())
	if err != nil {
		return err
	}
	err = extents(in, func(start, end int64) error {
		if _, err := out.Seek(start, io.SeekStart); err != nil {
			return err
		}
		_, err := io.Copy(out, io.NewSectionReader(in, start, end-start))
		return err
	})
	return errors.Join(err, out.Truncate(info.Size()), out.Close())
}

// free is what the node is told of the room on its disk.
func (n *node) free() (int64, error) {
	if n.full {
		return 0, nil
	}
	return 1 << 40, nil
}

// stall is how long a slow disk keeps a reply back. Whatever else comes to the
// node meanwhile waits for it.
func (n *node) stall() time.Duration {
	if !n.world.chance(n.world.faults.SlowDisk) {
		return 0
	}
	n.world.count("slow writes")
	d := n.world.between(100*time.Millisecond, 50*time.Second)
	n.busyUntil = n.world.now.Add(d)
	return d
}
