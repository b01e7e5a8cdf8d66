package sim

// checkEnd lets the terms of retention run out (I8), and then tampers with what is
// on disk (I10) and with the history of a node (I4).
func (w *world) checkEnd() {}
