package store

import (
	"bytes"
	"encoding/binary"

	"sluis/ledger"
)

// blame names what is in a damaged block of a table. The range comes from the
// first key of the block and that of the next one, which stand in the index of
// the table, not in the block. When just one of the entries in it is not what it
// was, that is the one.
func blame(file string, b block, all []table, anchor ledger.Checkpoint) *Inconsistent {
	found := &Inconsistent{File: file, What: "damaged"}
	for _, prefix := range []string{entryPrefix, hashesPrefix} {
		first, end := numberIn(b.first, prefix), anchor.Size
		switch {
		case bytes.HasPrefix(b.next, []byte(prefix)):
			end = numberIn(b.next, prefix)
		case len(b.next) == 0: // the last block: all there is to go by is what is in it
			end = endIn(b.body, prefix)
		}
		if !b.mayHold(prefix) || first >= end {
			continue
		}
		if prefix == hashesPrefix {
			found.Entry, found.End = first, end
			found.Tile = ledger.TileOf(ledger.StoredHashes(first), max(anchor.Size, end)).Path()
			return found
		}
		switch bad, good := changed(b.body, first, end, leavesIn(all, first, end)); {
		case len(bad) == 1:
			found.Entry, found.End = bad[0], bad[0]+1
			return found
		case good < end-first:
			found.Entry, found.End = first, end
			return found
		}
	}
	return found
}

// endIn returns the number behind the highest one in a block.
func endIn(body []byte, prefix string) (end uint64) {
	rowsOf(body, func(key, _ []byte) {
		if bytes.HasPrefix(key, []byte(prefix)) {
			end = max(end, numberIn(key, prefix)+1)
		}
	})
	return end
}

// mayHold reports whether there can be rows with this prefix in the block.
func (b block) mayHold(prefix string) bool {
	return len(b.first) > 0 && b.first[0] <= prefix[0] && (len(b.next) == 0 || b.next[0] >= prefix[0])
}

// leavesIn returns the leaf hashes that are stored for the entries from first to
// before end, as far as they are in blocks that are whole.
func leavesIn(all []table, first, end uint64) map[uint64]ledger.Hash {
	leaves := make(map[uint64]ledger.Hash)
	for _, t := range all {
		// A table that can't be read has none.
		_ = t.walk(func(b block) bool {
			if b.err != nil || !b.mayHold(hashesPrefix) {
				return true
			}
			rowsOf(b.body, func(key, value []byte) {
				n, size := numberIn(key, hashesPrefix), len(ledger.Hash{})
				if bytes.HasPrefix(key, []byte(hashesPrefix)) && n >= first && n < end && len(value) >= size {
					leaves[n] = ledger.Hash(value[:size])
				}
			})
			return true
		})
	}
	return leaves
}

// numberIn returns the number in a key of a table, behind which stands Badger's
// own version in eight bytes, or 0 when it is a key of another kind.
func numberIn(key []byte, prefix string) uint64 {
	if !bytes.HasPrefix(key, []byte(prefix)) || len(key) != numberedKeyLen+8 {
		return 0
	}
	n, _ := numberOf(key[:numberedKeyLen])
	return n
}

// changed returns the entries in a block, from first to before end, that are not
// what their stored leaf hash says or, when that is not known, can't be read;
// and how many are as they were.
func changed(body []byte, first, end uint64, leaves map[uint64]ledger.Hash) (bad []uint64, good uint64) {
	rowsOf(body, func(key, value []byte) {
		n := numberIn(key, entryPrefix)
		if !bytes.HasPrefix(key, []byte(entryPrefix)) || n < first || n >= end {
			return
		}
		leaf, known := leaves[n]
		if !known {
			if e, err := ledger.ParseEntry(value); err == nil && e.Index == n {
				leaf = ledger.LeafHash(value)
			}
		}
		if ledger.LeafHash(value) == leaf {
			good++
		} else {
			bad = append(bad, n)
		}
	})
	return bad, good
}

// rowsOf calls do with the keys and values of a block, as far as they can be
// made out. A row is: how many bytes of its key are those of the first key, how
// many follow, both in two bytes; those that follow; two bytes of flags, an
// expiry as a varint, the value.
func rowsOf(body []byte, do func(key, value []byte)) {
	if len(body) < 4 {
		return
	}
	rest := body[:len(body)-4]
	n := int64(binary.BigEndian.Uint32(body[len(rest):]))
	if n*4 > int64(len(rest)) {
		return
	}
	offsets := rest[int64(len(rest))-n*4:]
	rest = rest[:int64(len(rest))-n*4]
	var firstKey []byte
	for i := range n {
		start, end := int64(binary.NativeEndian.Uint32(offsets[i*4:])), int64(len(rest))
		if i+1 < n {
			end = int64(binary.NativeEndian.Uint32(offsets[(i+1)*4:]))
		}
		if start+4 > end || end > int64(len(rest)) {
			continue
		}
		row := rest[start:end]
		same, more := int(binary.NativeEndian.Uint16(row)), int(binary.NativeEndian.Uint16(row[2:]))
		if same > len(firstKey) || 4+more+3 > len(row) {
			continue
		}
		key := append(bytes.Clone(firstKey[:same]), row[4:4+more]...)
		if i == 0 {
			firstKey = key
		}
		row = row[4+more+2:]
		if _, size := binary.Uvarint(row); size > 0 {
			do(key, row[size:])
		}
	}
}
