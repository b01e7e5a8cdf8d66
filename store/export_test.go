package store

// The seams of a store, for tests: set before the first write.

// Points at which SetSeam's function is called, in order.
var Points = []string{beforeCommit, afterCommit, afterAnchor}

// SetSeam makes the sequencer call seam at each point of no return. An error
// from it is taken for the error of the step before it.
func (s *Store) SetSeam(seam func(point string) error) { s.seam = seam }

// SetFree replaces the question how much disk is free.
func (s *Store) SetFree(free func() (int64, error)) { s.free = free }
