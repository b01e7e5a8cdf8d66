package store

import (
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
	all, err := tablesOf(o)
	if err != nil {
		return err
	}
	return checkAll(all, anchor)
}

// tablesOf lists the tables of a database, open or not, with the keys that open
// them.
func tablesOf(o badger.Options) (all []table, err error) {
	var registry *badger.KeyRegistry
	err = guarded(func() (err error) {
		registry, err = badger.OpenKeyRegistry(badger.KeyRegistryOptions{
			Dir: o.Dir, ReadOnly: true, EncryptionKey: o.EncryptionKey, EncryptionKeyRotationDuration: o.EncryptionKeyRotationDuration,
		})
		return err
	})
	if err != nil {
		return nil, &Inconsistent{File: badger.KeyRegistryFileName, What: "unreadable: it is damaged, or the master key is not that of this store"}
	}
	manifest, err := readManifest(o)
	if err != nil {
		return nil, &Inconsistent{File: badger.ManifestFilename, What: "damaged"}
	}
	for id, m := range manifest.Tables {
		key, err := registry.DataKey(m.KeyID)
		if err != nil {
			return nil, &Inconsistent{File: badger.KeyRegistryFileName, What: "without a key that a table is encrypted with"}
		}
		t := table{path: filepath.Join(o.Dir, fmt.Sprintf("%06d.sst", id))}
		if key != nil {
			t.key = key.Data
		}
		all = append(all, t)
	}
	return all, nil
}

// checkAll verifies tables, two at a time.
func checkAll(all []table, anchor ledger.Checkpoint) error {
	next, errs := make(chan table, len(all)), make(chan error)
	for _, t := range all {
		next <- t
	}
	close(next)
	const workers = 2
	for range workers {
		go func() {
			var err error
			for t := range next {
				if err == nil {
					err = t.check(all, anchor)
				}
			}
			errs <- err
		}()
	}
	var err error
	for range workers {
		err = orErr(err, <-errs)
	}
	return err
}

// check verifies one table.
func (t table) check(all []table, anchor ledger.Checkpoint) error {
	var damaged *Inconsistent
	err := t.walk(func(b block) bool {
		if b.err != nil {
			damaged = blame(filepath.Base(t.path), b, all, anchor)
		}
		return b.err == nil
	})
	switch {
	case damaged != nil:
		return damaged
	case err != nil:
		return &Inconsistent{File: filepath.Base(t.path), What: "missing or damaged"}
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

// A table is a file of rows in the order of their keys.
type table struct {
	path string
	key  []byte // with which it is encrypted, or nil
}

// A block is a part of a table, of about 4 KiB.
type block struct {
	first []byte // first key in it, from the index
	next  []byte // first key of the next block, or nil
	body  []byte // rows, their offsets and the number of rows in four bytes each
	err   error  // not nil when it is damaged; then body is what there is
}

// walk calls do with every block of a table until it returns false. It fails
// when the table can't be divided into blocks.
func (t table) walk(do func(block) bool) error {
	f, err := os.Open(t.path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	r := tableReader{file: f, size: info.Size(), key: t.key}
	// What was verified may still not be an index; then this panics.
	return guarded(func() error { return r.walk(do) })
}

// A tableReader reads the parts of a table file: blocks, then the index, its
// length, its checksum and the length of that, in four bytes each.
type tableReader struct {
	file *os.File
	size int64
	key  []byte
}

var errTable = errors.New("not as it was written")

func (t tableReader) walk(do func(block) bool) error {
	index, err := t.index()
	if err != nil {
		return err
	}
	var this, next fb.BlockOffset
	for i := range index.OffsetsLength() {
		index.Offsets(&this, i)
		b := block{first: this.KeyBytes()}
		if i+1 < index.OffsetsLength() {
			index.Offsets(&next, i+1)
			b.next = next.KeyBytes()
		}
		b.body, b.err = t.block(int64(this.Offset()), int64(this.Len()))
		if !do(b) {
			return nil
		}
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

// block returns the body of a block. Behind it stand the checksum and its
// length. When the block is damaged it returns an error and what there is.
func (t tableReader) block(offset, length int64) ([]byte, error) {
	data, err := t.read(offset, length)
	if err != nil {
		return nil, err
	}
	if data, err = t.decrypt(data); err != nil {
		return nil, err
	}
	end := len(data) - 4
	if end < 4 {
		return nil, errTable
	}
	sumLength := int64(binary.BigEndian.Uint32(data[end:]))
	if sumLength > int64(end)-4 {
		return data, errTable
	}
	body := data[:int64(end)-sumLength]
	if err := checkSum(body, data[len(body):end]); err != nil {
		return body, err
	}
	if offsets := int64(binary.BigEndian.Uint32(body[len(body)-4:])); offsets*4 > int64(len(body))-4 {
		return body, errTable
	}
	return body, nil
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
