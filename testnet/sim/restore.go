package sim

// restore makes the node anew from its backup.
func (n *node) restore() { n.startAgain() }
