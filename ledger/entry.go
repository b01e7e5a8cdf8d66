package ledger

import (
	"bytes"
	"errors"

	"golang.org/x/mod/sumdb/tlog"
)

// An Entry is one line of the ledger: what everyone may read, and what only the
// holder of the record key can. As bytes it is the text form of the header
// followed by Private as it is; those bytes are the leaf of the tree.
type Entry struct {
	Header
	Private []byte // ciphertext, or empty
}

// Seal returns the entry of header h and private part. It sets the digest of
// the private part.
func Seal(h Header, private []byte) Entry {
	h.Private = DigestOf(private)
	return Entry{Header: h, Private: private}
}

// Marshal returns the bytes of the entry. It fails when the header has no text
// form, is not the header of this private part, or when there is a private part
// without a key that opens it.
func (e Entry) Marshal() ([]byte, error) {
	if err := e.checkPrivate(); err != nil {
		return nil, err
	}
	b, err := e.Header.Append(make([]byte, 0, 512+len(e.Private)))
	if err != nil {
		return nil, err
	}
	if len(b)+len(e.Private) > MaxEntry {
		return nil, errors.New("entry: the private part is too long")
	}
	return append(b, e.Private...), nil
}

func (e Entry) checkPrivate() error {
	switch {
	case e.Header.Private != DigestOf(e.Private):
		return errors.New("entry: the digest in the header is not that of the private part")
	case e.Key == None && len(e.Private) > 0:
		return errors.New("entry: there is a private part but no key is named")
	}
	return nil
}

// ParseEntry reads the bytes of an entry and checks them against the digest in
// the header. Private is a part of data, not a copy.
func ParseEntry(data []byte) (Entry, error) {
	if len(data) > MaxEntry {
		return Entry{}, errors.New("entry: too long")
	}
	end := bytes.Index(data, []byte("\n\n"))
	if end < 0 {
		return Entry{}, errors.New("entry: no empty line behind the header")
	}
	end += len("\n\n")
	h, err := ParseHeader(data[:end])
	if err != nil {
		return Entry{}, err
	}
	e := Entry{Header: h, Private: data[end:len(data):len(data)]}
	if err := e.checkPrivate(); err != nil {
		return Entry{}, err
	}
	return e, nil
}

// LeafHash returns the hash of the bytes of an entry as a leaf of the tree
// (RFC 6962 section 2.1).
func LeafHash(entry []byte) Hash { return tlog.RecordHash(entry) }
