package ledger

import (
	"errors"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// A Hash is the hash of a leaf, a node or a root of the tree.
type Hash = tlog.Hash

// A StoredHash is the hash of a complete subtree at its place in the numbering
// of stored hashes (tlog.StoredHashIndex). Stored hashes never change once
// written, and those of a tree of n entries are numbered without gaps from 0.
type StoredHash struct {
	Index int64
	Hash  Hash
}

// StoredHashes returns how many stored hashes a tree of size entries has.
func StoredHashes(size uint64) int64 { return tlog.StoredHashCount(int64(size)) }

// CompletedBy returns the entry whose leaf completed the stored hash with this
// index, and the level of the hash: 0 for the leaf itself. So the hashes that
// Append returns for an entry are those of levels 0, 1, 2 ... in this order.
func CompletedBy(index int64) (entry uint64, level int) {
	level, n := tlog.SplitStoredHashIndex(index)
	return uint64(n+1)<<level - 1, level
}

// A Reader returns the stored hashes with these indexes, in the same order, or
// an error. Returned hashes are trusted: a proof made from wrong hashes is
// wrong and will not check.
type Reader func(indexes []int64) ([]Hash, error)

func (r Reader) hashReader() tlog.HashReader { return tlog.HashReaderFunc(r) }

// A Tree is a growing tree. It keeps one hash per level, so that a new leaf
// needs no stored hash to be read. The zero Tree is empty. A Tree is not safe
// for use by several goroutines.
type Tree struct {
	size uint64
	next int64 // index of the next stored hash

	// edge holds the roots of the complete subtrees that the tree consists of,
	// largest first: one for each one in the binary form of size.
	edge []Hash
}

// OpenTree returns the tree of the given size, whose stored hashes can be read.
// It reads at most one hash per level.
func OpenTree(size uint64, read Reader) (*Tree, error) {
	if size > MaxSize {
		return nil, errors.New("tree: too large")
	}
	t := &Tree{size: size, next: StoredHashes(size)}
	if size == 0 {
		return t, nil
	}
	hashes, err := read(edgeIndexes(size))
	if err != nil {
		return nil, err
	}
	if len(hashes) != bits.OnesCount64(size) {
		return nil, errors.New("tree: the reader returned another number of hashes than asked for")
	}
	t.edge = append(t.edge, hashes...)
	return t, nil
}

// edgeIndexes lists the stored hashes that a tree of this size consists of,
// largest subtree first.
func edgeIndexes(size uint64) []int64 {
	indexes := make([]int64, 0, bits.OnesCount64(size))
	var start uint64
	for rest := size; rest > 0; {
		level := bits.Len64(rest) - 1
		indexes = append(indexes, tlog.StoredHashIndex(level, int64(start>>level)))
		start += 1 << level
		rest -= 1 << level
	}
	return indexes
}

// Size returns the number of leaves.
func (t *Tree) Size() uint64 { return t.size }

// Root returns the root hash (RFC 6962 section 2.1); that of the empty tree is
// the SHA-256 of nothing.
func (t *Tree) Root() Hash {
	if t.size == 0 {
		return EmptyRoot()
	}
	root := t.edge[len(t.edge)-1]
	for i := len(t.edge) - 2; i >= 0; i-- {
		root = tlog.NodeHash(t.edge[i], root)
	}
	return root
}

// EmptyRoot returns the root of the tree without leaves.
func EmptyRoot() Hash { return Hash(DigestOf(nil)) }

// Append adds a leaf and returns the hashes that must be stored for it: the
// leaf and every subtree that it completes, in the order of their indexes.
func (t *Tree) Append(leaf Hash) []StoredHash {
	stored := make([]StoredHash, 1, 1+bits.TrailingZeros64(t.size+1))
	stored[0] = StoredHash{t.next, leaf}
	t.next++
	hash := leaf
	for n := t.size; n&1 == 1; n >>= 1 {
		hash = tlog.NodeHash(t.edge[len(t.edge)-1], hash)
		t.edge = t.edge[:len(t.edge)-1]
		stored = append(stored, StoredHash{t.next, hash})
		t.next++
	}
	t.edge = append(t.edge, hash)
	t.size++
	return stored
}

// Clone returns a copy that grows on its own.
func (t *Tree) Clone() *Tree {
	c := *t
	c.edge = append([]Hash(nil), t.edge...)
	return &c
}

// RootAt returns the root that the tree had at the given size, from stored
// hashes.
func RootAt(size uint64, read Reader) (Hash, error) {
	t, err := OpenTree(size, read)
	if err != nil {
		return Hash{}, err
	}
	return t.Root(), nil
}
