package ledger_test

import (
	"bytes"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"sluis/ledger"
)

// The example of C2SP tlog-tiles: a tree of 70,000 entries is 273 full tiles
// and one of 112 at level 0, one full and one of 17 at level 1, one of width 1
// at level 2. Every stored hash is in one of them.
func TestTilesOf70000(t *testing.T) {
	const size = 70000
	seen := make(map[ledger.Tile]bool)
	for i := range ledger.StoredHashes(size) {
		seen[ledger.TileOf(i, size)] = true
	}
	want := map[ledger.Tile]bool{
		{Level: 0, Index: 273, Width: 112}: true,
		{Level: 1, Index: 0, Width: 256}:   true,
		{Level: 1, Index: 1, Width: 17}:    true,
		{Level: 2, Index: 0, Width: 1}:     true,
	}
	for n := range uint64(273) {
		want[ledger.Tile{Index: n, Width: 256}] = true
	}
	for tile := range seen {
		if !want[tile] {
			t.Errorf("unexpected tile %v", tile)
		}
	}
	if len(seen) != len(want) {
		t.Errorf("%d tiles, want %d", len(seen), len(want))
	}
}

// Every stored hash of a tree of three levels of tiles can be computed from the
// bytes of its tile, and lies above entries that the tile covers.
func TestReadTile(t *testing.T) {
	const size = 66000
	g := grow(size)
	for i := int64(0); i < ledger.StoredHashes(size); i += 7 {
		tile := ledger.TileOf(i, size)
		data, err := ledger.ReadTile(tile, g.read)
		if err != nil {
			t.Fatal(err)
		}
		if len(data) != tile.Width*tlog.HashSize {
			t.Fatalf("%v has %d bytes", tile, len(data))
		}
		got, err := tlog.HashFromTile(tlog.Tile{H: 8, L: tile.Level, N: int64(tile.Index), W: tile.Width}, data, i)
		if err != nil || got != g.stored[i] {
			t.Fatalf("stored hash %d is not what %v gives: %v", i, tile, err)
		}
		level, n := tlog.SplitStoredHashIndex(i)
		first, end := tile.Covers()
		if below := uint64(n) << level; below < first || below+1<<level > end {
			t.Fatalf("stored hash %d lies outside of %v, which covers %d to %d", i, tile, first, end)
		}
	}
}

func TestReadTileRefuses(t *testing.T) {
	g := grow(10)
	for _, tile := range []ledger.Tile{
		{}, {Width: 257}, {Width: -1}, {Width: 11}, {Level: -1, Width: 1}, {Level: 64, Width: 1}, {Level: 6, Width: 1},
		{Level: 1, Width: 1}, {Entries: true, Width: 1}, {Index: 1, Width: 1}, {Index: 1 << 62, Width: 1},
	} {
		if _, err := ledger.ReadTile(tile, g.read); err == nil {
			t.Errorf("read %+v", tile)
		}
	}
}

func TestTilePathRefused(t *testing.T) {
	for _, bad := range []string{
		"", "tile", "tile/", "tile/0", "tile/0/", "/tile/0/000", "0/000", "tile/0/0", "tile/0/00", "tile/0/0000", "tile/0/x000",
		"tile/0/x000/000", "tile/00/000", "tile/64/000", "tile/-1/000", "tile/+1/000", "tile/data/000", "tile/8/0/000",
		"tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000.p/", "tile/0/000.p", "tile/0/000/000",
		"tile/0/x001/x067", "tile/0/001/067", "tile/0/000.p/1/", "tile/0/000.p/1.p/1", "tile/entries/x/000", "tile/63/001",
		"tile/0/x999/x999/x999/x999/x999/x999/999", "tile/tile/0/000", "tile/0/ 00",
	} {
		if tile, err := ledger.ParseTilePath(bad); err == nil {
			t.Errorf("accepted %q as %+v", bad, tile)
		}
	}
}

func TestBundleMangled(t *testing.T) {
	entries := [][]byte{[]byte("one"), {}, bytes.Repeat([]byte("x"), ledger.MaxEntry)}
	good, err := ledger.MarshalBundle(entries)
	if err != nil {
		t.Fatal(err)
	}
	back, err := ledger.ParseBundle(good)
	if err != nil || len(back) != 3 || !bytes.Equal(back[0], entries[0]) || len(back[1]) != 0 || !bytes.Equal(back[2], entries[2]) {
		t.Fatalf("read as %d entries, %v", len(back), err)
	}
	whole := map[int]bool{5: true, 7: true}
	for i := range 300 {
		if _, err := ledger.ParseBundle(good[:i]); (err == nil) != whole[i] {
			t.Errorf("cut after %d bytes: %v", i, err)
		}
	}
	if _, err := ledger.ParseBundle(good[:len(good)-1]); err == nil {
		t.Error("accepted without its last byte")
	}
	for _, n := range []int{0, 257} {
		if _, err := ledger.MarshalBundle(make([][]byte, n)); err == nil {
			t.Errorf("a bundle of %d entries", n)
		}
		if _, err := ledger.ParseBundle(make([]byte, 2*n)); err == nil {
			t.Errorf("read a bundle of %d entries", n)
		}
	}
	if _, err := ledger.MarshalBundle([][]byte{make([]byte, ledger.MaxEntry+1)}); err == nil {
		t.Error("a bundle with an entry that is too long")
	}
}

func FuzzTilePathHasOneForm(f *testing.F) {
	for _, seed := range []string{"tile/0/000", "tile/0/x001/067.p/8", "tile/entries/x001/x234/067", "tile/5/000.p/255", "tile/63/000.p/1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		tile, err := ledger.ParseTilePath(path)
		if err != nil {
			return
		}
		if tile.Path() != path {
			t.Errorf("accepted %q, which is written %q", path, tile.Path())
		}
		if first, end := tile.Covers(); end <= first || end > ledger.MaxSize {
			t.Errorf("%s covers %d to %d", path, first, end)
		}
	})
}

func FuzzBundleHasOneForm(f *testing.F) {
	good, err := ledger.MarshalBundle(vectorEntries(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte{0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, err := ledger.ParseBundle(data)
		if err != nil {
			return
		}
		again, err := ledger.MarshalBundle(entries)
		if err != nil || !bytes.Equal(again, data) {
			t.Errorf("accepted %x, which is written %x, %v", data, again, err)
		}
	})
}
