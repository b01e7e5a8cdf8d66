// Package foreign holds the ledger to the programs of others: what they read,
// check and sign must be what package ledger writes, and the other way round. It
// is a module of its own, so that what only its tests need does not become a
// dependency of the node.
package foreign
