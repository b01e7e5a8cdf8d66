package store

import (
	"bytes"
	"crypto/aes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/fb"
	"github.com/dgraph-io/badger/v4/pb"
	"github.com/dgraph-io/badger/v4/y"
	"google.golang.org/protobuf/proto"

	"sluis/ledger"
)

// Badger verifies its tables when it opens them, but in goroutines of its own,
// and before it has checked a block it computes with numbers from it: some
// damaged bytes end the process instead of giving an error. So every table is
// verified here first, with bounds, and what a damaged block holds is named.

// checkTables verifies every table of a database that is not open. It returns
// an Inconsistent for the first one that is damaged.
func checkTables(o badger.Options, anchor ledger.Checkpoint) error {
	var registry *badger.KeyRegistry
	err := guarded(func() (err error) {
		registry, err = badger.OpenKeyRegistry(badger.KeyRegistryOptions{
			Dir: o.Dir, ReadOnly: true, EncryptionKey: o.EncryptionKey, EncryptionKeyRotationDuration: o.EncryptionKeyRotationDuration,
		})
		return err
	})
	if err != nil {
		return &Inconsistent{File: badger.KeyRegistryFileName, What: "unreadable: it is damaged, or the master key is not that of this store"}
	}
	manifest, err := readManifest(o)
	if err != nil {
		return &Inconsistent{File: badger.ManifestFilename, What: "damaged"}
	}
	for id, m := range manifest.Tables {
		key, err := registry.DataKey(m.KeyID)
		if err != nil {
			return &Inconsistent{File: badger.KeyRegistryFileName, What: "without a key that a table is encrypted with"}
		}
		if err := checkTable(filepath.Join(o.Dir, fmt.Sprintf("%06d.sst", id)), key, anchor); err != nil {
			return err
		}
	}
	return nil
}

func readManifest(o badger.Options) (m badger.Manifest, err error) {
	f, err := os.Open(filepath.Join(o.Dir, badger.ManifestFilename))
	if err != nil {
		return m, err
	}
	defer f.Close()
	err = guarded(func() (err error) {
		m, _, err = badger.ReplayManifestFile(f, 0, o)
		return err
	})
	return m, err
}

// A tableReader reads the parts of a table file: blocks, then the index, its
// length, its checksum and the length of that, in four bytes each.
type tableReader struct {
	file *os.File
	size int64
	key  []byte // of the file; empty when it is not encrypted
}

var errTable = errors.New("not as it was written")

// checkTable verifies a table file.
func checkTable(path string, key *pb.DataKey, anchor ledger.Checkpoint) error {
	damaged := &Inconsistent{File: filepath.Base(path), What: "missing or damaged"}
	f, err := os.Open(path)
	if err != nil {
		return damaged
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return damaged
	}
	t := tableReader{file: f, size: info.Size()}
	if key != nil {
		t.key = key.Data
	}
	// What was verified may still not be an index, so this may panic.
	err = guarded(func() error { return t.check(damaged, anchor) })
	if !errors.As(err, new(*Inconsistent)) && err != nil {
		return damaged
	}
	return err
}

// check verifies the index and every block.
func (t tableReader) check(damaged *Inconsistent, anchor ledger.Checkpoint) error {
	index, err := t.index()
	if err != nil {
		return damaged
	}
	var this, next fb.BlockOffset
	for i := range index.OffsetsLength() {
		if !index.Offsets(&this, i) {
			return damaged
		}
		if t.checkBlock(int64(this.Offset()), int64(this.Len())) == nil {
			continue
		}
		var end []byte
		if i+1 < index.OffsetsLength() && index.Offsets(&next, i+1) {
			end = next.KeyBytes()
		}
		return blame(damaged.File, this.KeyBytes(), end, anchor)
	}
	return nil
}

func (t tableReader) read(offset, length int64) ([]byte, error) {
	if offset < 0 || length < 0 || offset+length > t.size {
		return nil, errTable
	}
	b := make([]byte, length)
	_, err := t.file.ReadAt(b, offset)
	return b, err
}

// before returns the part that ends at the given place, which its length
// follows or, at the end of the file, is.
func (t tableReader) before(end int64) (part []byte, start int64, err error) {
	length, err := t.read(end-4, 4)
	if err != nil {
		return nil, 0, err
	}
	start = end - 4 - int64(binary.BigEndian.Uint32(length))
	part, err = t.read(start, end-4-start)
	return part, start, err
}

// index returns the verified index of the table.
func (t tableReader) index() (*fb.TableIndex, error) {
	sum, start, err := t.before(t.size)
	if err != nil {
		return nil, err
	}
	data, _, err := t.before(start)
	if err != nil {
		return nil, err
	}
	if err := checkSum(data, sum); err != nil {
		return nil, err
	}
	if data, err = t.decrypt(data); err != nil {
		return nil, err
	}
	return fb.GetRootAsTableIndex(data, 0), nil
}

// checkBlock verifies a block: entries, offsets and their number in four bytes,
// checksum, length of the checksum in four bytes.
func (t tableReader) checkBlock(offset, length int64) error {
	data, err := t.read(offset, length)
	if err != nil {
		return err
	}
	if data, err = t.decrypt(data); err != nil {
		return err
	}
	end := len(data) - 4
	if end < 4 {
		return errTable
	}
	sumLength := int64(binary.BigEndian.Uint32(data[end:]))
	if sumLength > int64(end)-4 {
		return errTable
	}
	body := data[:int64(end)-sumLength]
	if err := checkSum(body, data[len(body):end]); err != nil {
		return err
	}
	if offsets := int64(binary.BigEndian.Uint32(body[len(body)-4:])); offsets*4 > int64(len(body))-4 {
		return errTable
	}
	return nil
}

// decrypt undoes AES-CTR; the IV stands behind the data.
func (t tableReader) decrypt(data []byte) ([]byte, error) {
	if len(t.key) == 0 {
		return data, nil
	}
	end := len(data) - aes.BlockSize
	if end < 0 {
		return nil, errTable
	}
	return y.XORBlockAllocate(data[:end], t.key, data[end:])
}

func checkSum(data, sum []byte) error {
	var expected pb.Checksum
	if proto.Unmarshal(sum, &expected) != nil {
		return errTable
	}
	if _, known := pb.Checksum_Algorithm_name[int32(expected.Algo)]; !known {
		return errTable
	}
	return y.VerifyChecksum(data, &expected)
}

// blame names what is in a damaged block from its first key and that of the
// next block, which stand in the index.
func blame(file string, key, next []byte, anchor ledger.Checkpoint) *Inconsistent {
	found := &Inconsistent{File: file, What: "damaged"}
	for _, prefix := range []string{entryPrefix, hashesPrefix} {
		first, end := numberIn(key, prefix), anchor.Size
		if bytes.HasPrefix(next, []byte(prefix)) {
			end = numberIn(next, prefix)
		}
		if bytes.Compare(key[:1], []byte(prefix)) > 0 || (len(next) > 0 && bytes.Compare(next[:1], []byte(prefix)) < 0) || first >= end {
			continue
		}
		found.Entry, found.End = first, end
		if prefix == hashesPrefix {
			found.Tile = ledger.TileOf(ledger.StoredHashes(first), max(anchor.Size, end)).Path()
		}
		return found
	}
	return found
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
