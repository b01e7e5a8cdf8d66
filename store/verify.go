package store

// Verify reads every entry again and proves the ledger as Open does, while the
// store goes on. It returns how many entries the newest checkpoint covers, or
// an [Inconsistent].
func (s *Store) Verify() (entries uint64, err error) {
	s.slow.Lock()
	defer s.slow.Unlock()
	s.reading.RLock()
	defer s.reading.RUnlock()
	if err := s.alive(); err != nil {
		return 0, err
	}
	signed := s.head.Load().checkpoint
	if _, _, err := prove(s.db, signed); err != nil {
		return 0, err
	}
	return signed.Size, nil
}
