package store

import "github.com/dgraph-io/badger/v4"

// Count is the number of rows that have this index key, and at most most: it
// reads no row, so that a bound can be held for each message that comes in.
func (s *Store) Count(index string, most int) (n int, err error) {
	err = s.view(func(txn *badger.Txn) error {
		prefix := indexKeyPrefix(index)
		return scan(txn, prefix, prefix, func(_, _ []byte) (bool, error) {
			n++
			return n < most, nil
		})
	})
	return n, err
}
