package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"sluis/store"
)

// copyDir copies a directory, leaving holes where a file has holes: the files
// of Badger are much longer than what is in them.
func copyDir(t testing.TB, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
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
		return copyFile(path, filepath.Join(to, rel))
	})
	if err != nil {
		t.Fatal(err)
	}
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	for offset := int64(0); offset < info.Size(); {
		start, err := unix.Seek(int(in.Fd()), offset, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) {
			break // nothing but a hole to the end
		}
		if err != nil {
			return err
		}
		end, err := unix.Seek(int(in.Fd()), start, unix.SEEK_HOLE)
		if err != nil {
			return err
		}
		if _, err := io.Copy(io.NewOffsetWriter(out, start), io.NewSectionReader(in, start, end-start)); err != nil {
			return err
		}
		offset = end
	}
	return errors.Join(out.Truncate(info.Size()), out.Close())
}

const acknowledged = 40

// written makes a store with 40 acknowledged changes. The directory is that of
// a node that was killed, or of one that was stopped.
func written(t *testing.T, killed bool) (dir string) {
	t.Helper()
	live := filepath.Join(t.TempDir(), "live")
	if err := store.Create(live, options(t)); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(live, options(t))
	if err != nil {
		t.Fatal(err)
	}
	for n := range acknowledged {
		c := step(n, fmt.Sprintf("k%02d", n), 0)
		c.Send = []store.Outgoing{{ID: fmt.Sprintf("m%02d", n), To: other, Message: []byte("sealed"), Expires: started}}
		if _, err := s.Write(context.Background(), c); err != nil {
			t.Fatal(err)
		}
	}
	dir = live
	if killed {
		dir = filepath.Join(t.TempDir(), "killed")
		copyDir(t, live, dir)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// whole checks that everything that was acknowledged is there.
func whole(s *store.Store) error {
	if s.Size() < acknowledged {
		return fmt.Errorf("%d entries of %d", s.Size(), acknowledged)
	}
	rows, err := s.List("exchange", "", 1000)
	if err != nil || len(rows) != acknowledged {
		return fmt.Errorf("%d rows of %d, %v", len(rows), acknowledged, err)
	}
	for n, r := range rows {
		if string(r.Value) != fmt.Sprintf("state %d", n) {
			return fmt.Errorf("row %s is %q", r.Key, r.Value)
		}
		e, err := s.Entry(uint64(n))
		if err != nil {
			return err
		}
		private, err := s.Private(e)
		if err != nil || !bytes.Equal(private, event(n).Private) {
			return fmt.Errorf("private part of entry %d is %q, %v", n, private, err)
		}
	}
	out, err := s.Outbox("", 1000)
	if err != nil || len(out) != acknowledged {
		return fmt.Errorf("%d outgoing messages of %d, %v", len(out), acknowledged, err)
	}
	return nil
}

// flip opens a copy of a store with one bit of one file changed. Either it
// opens and nothing is missing, or it refuses with an Inconsistent, which is
// returned.
func flip(t *testing.T, dir, file string, offset int64, bit int) *store.Inconsistent {
	t.Helper()
	how := fmt.Sprintf("bit %d of byte %d of %s", bit, offset, filepath.Base(file))
	damaged := filepath.Join(t.TempDir(), "damaged")
	copyDir(t, dir, damaged)
	f, err := os.OpenFile(filepath.Join(damaged, file), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	var b [1]byte
	if _, err := f.ReadAt(b[:], offset); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 1 << bit
	if _, err := f.WriteAt(b[:], offset); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := os.RemoveAll(damaged); err != nil {
			t.Error(err)
		}
	}()
	return opened(t, damaged, how)
}

func opened(t *testing.T, dir, how string) *store.Inconsistent {
	t.Helper()
	s, err := store.Open(dir, options(t))
	if err != nil {
		var i *store.Inconsistent
		if !errors.As(err, &i) {
			t.Errorf("%s: refused without saying what is wrong: %v", how, err)
			return nil
		}
		return i
	}
	if err := whole(s); err != nil {
		t.Errorf("%s: opened, but: %v", how, err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("%s: close: %v", how, err)
	}
	return nil
}

// files lists the files of a store that end in suffix, with the length up to the
// last byte that is not zero.
func files(t *testing.T, dir, suffix string) map[string]int64 {
	t.Helper()
	used := make(map[string]int64)
	entries, err := os.ReadDir(filepath.Join(dir, "badger"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), suffix) {
			continue
		}
		name := filepath.Join("badger", e.Name())
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		used[name] = int64(len(bytes.TrimRight(data, "\x00")))
	}
	if len(used) == 0 {
		t.Fatalf("no file %s", suffix)
	}
	return used
}

// One damaged byte in the write-ahead log makes Badger drop every later record
// without a word. Wherever it is: nothing acknowledged is missing, or Open
// refuses and names the first entry that is.
func TestDamagedLog(t *testing.T) {
	dir := written(t, true)
	if i := opened(t, dir, "nothing changed"); i != nil {
		t.Fatal(i)
	}
	dir = written(t, true)
	var refused int
	for file, used := range files(t, dir, ".mem") {
		for offset := int64(0); offset < used; offset += 1 + max(0, min(offset-40, used/60)) {
			i := flip(t, dir, file, offset, int(offset)%8)
			if i == nil {
				continue
			}
			refused++
			if i.End != acknowledged && i.File == "" {
				t.Errorf("byte %d: %v", offset, i)
			}
		}
	}
	if refused < 50 {
		t.Errorf("only %d of the damaged logs were refused", refused)
	}
}

// A damaged table is named, with the entries in the damaged block, and mostly
// the very entry.
func TestDamagedTable(t *testing.T) {
	dir := written(t, false)
	if i := opened(t, dir, "nothing changed"); i != nil {
		t.Fatal(i)
	}
	var one, several, tiles int
	for file, used := range files(t, dir, ".sst") {
		for offset := int64(0); offset < used; offset += 1 + max(0, min(used-40-offset, used/70)) {
			i := flip(t, dir, file, offset, int(offset)%8)
			switch {
			case i == nil:
				t.Errorf("byte %d of %s: opened", offset, file)
			case i.Tile != "":
				tiles++
			case i.End == i.Entry+1:
				one++
			case i.End > i.Entry:
				several++
			}
		}
	}
	if one < 15 || one < 2*several || tiles == 0 {
		t.Errorf("one entry was named %d times, several %d times, a tile %d times", one, several, tiles)
	}
}

// The smaller files of Badger: each byte.
func TestDamagedSmallFiles(t *testing.T) {
	dir := written(t, false)
	for _, suffix := range []string{"MANIFEST", "KEYREGISTRY", ".vlog", "DISCARD"} {
		for file, used := range files(t, dir, suffix) {
			for offset := int64(0); offset < min(used, 200); offset += 1 + used/30 {
				flip(t, dir, file, offset, int(offset)%8)
			}
		}
	}
}

// A file that is gone or cut short.
func TestLostFiles(t *testing.T) {
	for _, killed := range []bool{false, true} {
		dir := written(t, killed)
		for file := range files(t, dir, "") {
			if strings.HasSuffix(file, "LOCK") {
				continue
			}
			for _, cut := range []int64{-1, 30} {
				damaged := filepath.Join(t.TempDir(), "damaged")
				copyDir(t, dir, damaged)
				path := filepath.Join(damaged, file)
				var err error
				if cut < 0 {
					err = os.Remove(path)
				} else {
					err = os.Truncate(path, cut)
				}
				if err != nil {
					t.Fatal(err)
				}
				opened(t, damaged, fmt.Sprintf("%s cut at %d", file, cut))
			}
		}
	}
}

// The anchor: one slot may be lost, since it may be torn. Not both, and no byte
// of it makes a store open that is shorter than what was signed.
func TestDamagedAnchor(t *testing.T) {
	dir := written(t, false)
	data, err := os.ReadFile(filepath.Join(dir, "anchor"))
	if err != nil {
		t.Fatal(err)
	}
	for offset := int64(0); offset < int64(len(data)); offset += 1 + min(offset%4096, 320) {
		if i := flip(t, dir, "anchor", offset, int(offset)%8); i != nil {
			t.Errorf("byte %d: one damaged slot is too many: %v", offset, i)
		}
	}
	write := func(b []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "anchor"), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, bad := range map[string][]byte{
		"empty": nil, "short": data[:4096], "long": append(bytes.Clone(data), 0), "zero": make([]byte, len(data)),
		"both slots damaged": func() []byte { b := bytes.Clone(data); b[3] ^= 1; b[4096+3] ^= 1; return b }(),
	} {
		write(bad)
		if i := opened(t, dir, name); i == nil || i.File != "anchor" {
			t.Errorf("anchor %s: %v", name, i)
		}
	}
	write(data)
	if i := opened(t, dir, "put back"); i != nil {
		t.Error(i)
	}
}

// What Badger cuts off a damaged log is not lost: with the byte put right in the
// copy that was kept, everything is there again. A second start that is refused
// does not spoil the copy.
func TestDamagedLogCanBeSaved(t *testing.T) {
	dir := written(t, true)
	for file, used := range files(t, dir, ".mem") {
		if used < 1000 {
			continue
		}
		invert := func(path string) {
			t.Helper()
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			data[used/2] ^= 0xff
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		invert(filepath.Join(dir, file))
		for range 2 {
			if i := opened(t, dir, "damaged"); i == nil || i.Entry == 0 || i.End != acknowledged {
				t.Fatalf("damaged in the middle: %v", i)
			}
		}
		kept := filepath.Join(dir, "found", filepath.Base(file))
		invert(kept)
		if err := os.Rename(kept, filepath.Join(dir, file)); err != nil {
			t.Fatal(err)
		}
		if i := opened(t, dir, "put right"); i != nil {
			t.Errorf("put right: %v", i)
		}
		if _, err := os.Stat(filepath.Join(dir, "found")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the copy is still there after everything was proved: %v", err)
		}
		return
	}
	t.Fatal("no log with anything in it")
}
