package ledger

import (
	"errors"

	"golang.org/x/mod/sumdb/tlog"
)

// ErrProof is returned for a proof that does not prove what it is said to.
var ErrProof = errors.New("ledger: the proof is not right")

// ProveInclusion returns the proof that the tree of the given size holds its
// leaf with this index (RFC 6962 section 2.1.1, "audit path").
func ProveInclusion(size, index uint64, read Reader) ([]Hash, error) {
	if size > MaxSize || index >= size {
		return nil, errors.New("proof: there is no such entry in a tree of this size")
	}
	return tlog.ProveRecord(int64(size), int64(index), read.hashReader())
}

// CheckInclusion checks a proof that the tree of the given size and root holds
// leaf at index. It returns ErrProof when it does not.
func CheckInclusion(proof []Hash, size uint64, root Hash, index uint64, leaf Hash) error {
	if size > MaxSize || index >= size || len(proof) > MaxProof {
		return ErrProof
	}
	if tlog.CheckRecord(proof, int64(size), root, int64(index), leaf) != nil {
		return ErrProof
	}
	return nil
}

// ProveConsistency returns the proof that the tree of size old is the beginning
// of the tree of size new (RFC 6962 section 2.1.2). It is empty when old is 0
// or equal to new.
func ProveConsistency(old, new uint64, read Reader) ([]Hash, error) {
	switch {
	case new > MaxSize || old > new:
		return nil, errors.New("proof: the older tree must not be the larger one")
	case old == 0 || old == new:
		return nil, nil
	}
	return tlog.ProveTree(int64(new), int64(old), read.hashReader())
}

// CheckConsistency checks a proof that the tree (old, oldRoot) is the beginning
// of the tree (new, newRoot). It returns ErrProof when it is not.
func CheckConsistency(proof []Hash, old uint64, oldRoot Hash, new uint64, newRoot Hash) error {
	switch {
	case new > MaxSize || old > new || len(proof) > MaxProof:
		return ErrProof
	case old == 0:
		if len(proof) > 0 || oldRoot != EmptyRoot() || (new == 0 && newRoot != oldRoot) {
			return ErrProof
		}
		return nil
	case old == new:
		if len(proof) > 0 || oldRoot != newRoot {
			return ErrProof
		}
		return nil
	}
	if tlog.CheckTree(proof, int64(new), newRoot, int64(old), oldRoot) != nil {
		return ErrProof
	}
	return nil
}
