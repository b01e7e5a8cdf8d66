package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"sluis/ledger"
)

// An anchor is the file beside the database that holds the last signed
// checkpoint, so that a database that lost its tail is found out.
//
// It has two slots of 4096 bytes that are written in turn, so that a torn write
// leaves the older one. A slot is: "sluis-anchor/1" and a newline, the length
// of the signed checkpoint in two bytes, the signed checkpoint, zeroes, and in
// its last 32 bytes the SHA-256 of all before them.
type anchor struct {
	file *os.File
	next int64 // slot that is written next
}

const (
	slotSize     = 4096
	slotMagic    = "sluis-anchor/1\n"
	slotOverhead = len(slotMagic) + 2 + sha256.Size
)

// createAnchor makes the file with a first checkpoint. The file must not exist.
func createAnchor(path string, signed []byte) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	a := &anchor{file: f}
	err = f.Truncate(2 * slotSize)
	if err == nil {
		err = a.write(signed)
	}
	return errors.Join(err, f.Sync(), f.Close())
}

// openAnchor opens the file, for this process alone, and returns the newest
// checkpoint in it. It is opened before anything else is looked at.
func openAnchor(path, verifier string) (*anchor, head, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, head{}, err
	}
	if err := lock(f); err != nil {
		return nil, head{}, errors.Join(err, f.Close())
	}
	newest, slot, err := readAnchor(f, verifier)
	if err != nil {
		return nil, head{}, errors.Join(err, f.Close())
	}
	return &anchor{file: f, next: 1 - slot}, newest, nil
}

// readAnchor returns the newest checkpoint and the slot it is in. One slot may
// be torn or still empty. A slot that is whole but not signed by the key of the
// ledger was written by someone else.
func readAnchor(f *os.File, verifier string) (newest head, slot int64, err error) {
	info, err := f.Stat()
	if err != nil {
		return head{}, 0, fmt.Errorf("store: anchor: %v", err)
	}
	damaged := &Inconsistent{File: "anchor", What: "without a whole checkpoint, so nothing tells how long the ledger was"}
	if info.Size() != 2*slotSize {
		return head{}, 0, damaged
	}
	found := false
	for i := range int64(2) {
		data := make([]byte, slotSize)
		if _, err := f.ReadAt(data, i*slotSize); err != nil {
			return head{}, 0, fmt.Errorf("store: anchor: %v", err)
		}
		signed, ok := parseSlot(data)
		if !ok {
			continue
		}
		c, err := ledger.OpenCheckpoint(signed, verifier)
		if err != nil {
			return head{}, 0, &Inconsistent{File: "anchor", What: "not signed by the key of this ledger"}
		}
		if !found || c.Size > newest.checkpoint.Size {
			newest, slot, found = head{c, signed}, i, true
		}
	}
	if !found {
		return head{}, 0, damaged
	}
	return newest, slot, nil
}

func marshalSlot(signed []byte) ([]byte, error) {
	if len(signed) > slotSize-slotOverhead {
		return nil, errors.New("store: anchor: the checkpoint is too long")
	}
	b := make([]byte, 0, slotSize)
	b = append(b, slotMagic...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(signed)))
	b = append(b, signed...)
	b = b[:slotSize-sha256.Size]
	sum := sha256.Sum256(b)
	return append(b, sum[:]...), nil
}

func parseSlot(data []byte) (signed []byte, ok bool) {
	sum := sha256.Sum256(data[:slotSize-sha256.Size])
	if !bytes.Equal(sum[:], data[slotSize-sha256.Size:]) {
		return nil, false
	}
	rest, ok := bytes.CutPrefix(data, []byte(slotMagic))
	if !ok {
		return nil, false
	}
	n := int(binary.BigEndian.Uint16(rest))
	if n > slotSize-slotOverhead {
		return nil, false
	}
	padding := data[len(slotMagic)+2+n : slotSize-sha256.Size]
	return rest[2 : 2+n], len(bytes.Trim(padding, "\x00")) == 0
}

// write puts a checkpoint in the older slot. When it returns nil the slot is on
// disk; on an error that is not known.
func (a *anchor) write(signed []byte) error {
	data, err := marshalSlot(signed)
	if err != nil {
		return err
	}
	if _, err := a.file.WriteAt(data, a.next*slotSize); err != nil {
		return err
	}
	if err := syncData(a.file); err != nil {
		return err
	}
	a.next = 1 - a.next
	return nil
}

func (a *anchor) Close() error { return a.file.Close() }
