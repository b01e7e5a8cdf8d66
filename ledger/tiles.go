package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// A Tile names a part of the tree or of the entries in the layout of C2SP
// tlog-tiles: 256 hashes of one level, or 256 entries, or fewer at the growing
// edge.
type Tile struct {
	Entries bool   // a bundle of entries; Level is 0
	Level   int    // 0 holds leaves; each higher level holds roots of full tiles
	Index   uint64 // number of the tile in its level, from 0
	Width   int    // 1 to TileWidth
}

func (t Tile) check() error {
	switch {
	case t.Level < 0 || t.Level > MaxTileLevel || (t.Entries && t.Level != 0):
		return errors.New("tile: no such level")
	case t.Width < 1 || t.Width > TileWidth:
		return errors.New("tile: no such width")
	case t.Level > maxFilledLevel && t.Index > 0, t.Level <= maxFilledLevel && t.Index > (MaxSize-1)>>((t.Level+1)*tileHeight):
		return errors.New("tile: no such index")
	}
	return nil
}

// Path returns the path of the tile, such as tile/0/x001/067.p/8 or
// tile/entries/000.
func (t Tile) Path() string {
	n := fmt.Sprintf("%03d", t.Index%1000)
	for rest := t.Index / 1000; rest > 0; rest /= 1000 {
		n = fmt.Sprintf("x%03d/%s", rest%1000, n)
	}
	level := strconv.Itoa(t.Level)
	if t.Entries {
		level = "entries"
	}
	path := "tile/" + level + "/" + n
	if t.Width < TileWidth {
		path += ".p/" + strconv.Itoa(t.Width)
	}
	return path
}

// String is the path.
func (t Tile) String() string { return t.Path() }

// ParseTilePath reads the path of a tile. It accepts exactly what Path writes.
func ParseTilePath(path string) (Tile, error) {
	malformed := errors.New("tile: not the path of a tile")
	if len(path) > 64 {
		return Tile{}, malformed
	}
	level, rest, ok := strings.Cut(strings.TrimPrefix(path, "tile/"), "/")
	if !ok {
		return Tile{}, malformed
	}
	t := Tile{Width: TileWidth}
	if level == "entries" {
		t.Entries = true
	} else {
		n, err := parseDecimal(level)
		if err != nil || n > MaxTileLevel {
			return Tile{}, malformed
		}
		t.Level = int(n)
	}
	rest, width, partial := strings.Cut(rest, ".p/")
	if partial {
		n, err := parseDecimal(width)
		if err != nil || n >= TileWidth {
			return Tile{}, malformed
		}
		t.Width = int(n)
	}
	for part := range strings.SplitSeq(rest, "/") {
		n, err := strconv.ParseUint(strings.TrimPrefix(part, "x"), 10, 10)
		if err != nil || n > 999 || t.Index >= MaxSize {
			return Tile{}, malformed
		}
		t.Index = t.Index*1000 + n
	}
	if t.check() != nil || t.Path() != path {
		return Tile{}, malformed
	}
	return t, nil
}

// Covers returns the entries that the tile speaks of: first and the one behind
// the last.
func (t Tile) Covers() (first, end uint64) {
	if t.Level > maxFilledLevel {
		return 0, MaxSize
	}
	shift := t.Level * tileHeight
	first = t.Index * TileWidth << shift
	return first, first + uint64(t.Width)<<shift
}

// TileOf returns the tile in which a tree of this size has the stored hash, or
// from whose hashes it is computed.
func TileOf(index int64, size uint64) Tile {
	level, n := tlog.SplitStoredHashIndex(index)
	t := Tile{Level: level / tileHeight}
	t.Index = uint64(n) << (level % tileHeight) / TileWidth
	first := t.Index * TileWidth
	t.Width = int(min(size>>(t.Level*tileHeight)-first, TileWidth))
	return t
}

// ReadTile returns the bytes of a tile of hashes: Width hashes, one after the
// other.
func ReadTile(t Tile, read Reader) ([]byte, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	if t.Entries || t.Level > maxFilledLevel {
		return nil, errors.New("tile: no tile of hashes")
	}
	indexes := make([]int64, t.Width)
	for i := range indexes {
		indexes[i] = tlog.StoredHashIndex(t.Level*tileHeight, int64(t.Index*TileWidth)+int64(i))
	}
	hashes, err := read(indexes)
	if err != nil {
		return nil, err
	}
	if len(hashes) != len(indexes) {
		return nil, errors.New("tile: the reader returned another number of hashes than asked for")
	}
	data := make([]byte, 0, t.Width*tlog.HashSize)
	for _, h := range hashes {
		data = append(data, h[:]...)
	}
	return data, nil
}

// MarshalBundle returns entries as the bytes of an entry bundle: each with its
// length before it in two bytes, big end first.
func MarshalBundle(entries [][]byte) ([]byte, error) {
	if len(entries) == 0 || len(entries) > TileWidth {
		return nil, errors.New("bundle: must hold 1 to 256 entries")
	}
	var data []byte
	for _, e := range entries {
		if len(e) > MaxEntry {
			return nil, errors.New("bundle: an entry is too long")
		}
		data = binary.BigEndian.AppendUint16(data, uint16(len(e)))
		data = append(data, e...)
	}
	return data, nil
}

// ParseBundle splits the bytes of an entry bundle into entries. The entries are
// parts of data, not copies, and are not checked.
func ParseBundle(data []byte) ([][]byte, error) {
	var entries [][]byte
	for len(data) > 0 {
		if len(entries) == TileWidth {
			return nil, errors.New("bundle: more than 256 entries")
		}
		if len(data) < 2 {
			return nil, errors.New("bundle: ends within a length")
		}
		n := int(binary.BigEndian.Uint16(data))
		if len(data) < 2+n {
			return nil, errors.New("bundle: ends within an entry")
		}
		entries = append(entries, data[2:2+n:2+n])
		data = data[2+n:]
	}
	if len(entries) == 0 {
		return nil, errors.New("bundle: empty")
	}
	return entries, nil
}
