package ledger_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"sluis/ledger"
)

// grown is a tree with its stored hashes in memory.
type grown struct {
	tree   *ledger.Tree
	stored []ledger.Hash
	leaves []ledger.Hash
	roots  []ledger.Hash // by size
}

func newGrown() *grown {
	return &grown{tree: new(ledger.Tree), roots: []ledger.Hash{ledger.EmptyRoot()}}
}

func (g *grown) add(leaf ledger.Hash) {
	for level, s := range g.tree.Append(leaf) {
		if e, l := ledger.CompletedBy(s.Index); e != g.tree.Size()-1 || l != level {
			panic(fmt.Sprintf("stored hash %d is said to be completed by entry %d at level %d", s.Index, e, l))
		}
		if s.Index != int64(len(g.stored)) {
			panic(fmt.Sprintf("stored hash %d where %d was expected", s.Index, len(g.stored)))
		}
		g.stored = append(g.stored, s.Hash)
	}
	g.leaves = append(g.leaves, leaf)
	g.roots = append(g.roots, g.tree.Root())
}

func (g *grown) read(indexes []int64) ([]ledger.Hash, error) {
	hashes := make([]ledger.Hash, len(indexes))
	for i, x := range indexes {
		if x >= int64(len(g.stored)) {
			return nil, errors.New("no such stored hash")
		}
		hashes[i] = g.stored[x]
	}
	return hashes, nil
}

// grow returns a tree of n leaves.
func grow(n int) *grown {
	g := newGrown()
	for i := range n {
		g.add(ledger.LeafHash(fmt.Appendf(nil, "leaf %d", i)))
	}
	return g
}

// The leaves and roots that certificate transparency implementations share as
// test vectors for RFC 6962.
func TestTreeRFC6962(t *testing.T) {
	roots := []string{
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
		"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
		"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
		"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
		"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
		"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
		"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
		"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
	}
	leaves := []string{"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"}
	g := newGrown()
	for i, leaf := range leaves {
		data, err := hex.DecodeString(leaf)
		if err != nil {
			t.Fatal(err)
		}
		g.add(ledger.LeafHash(data))
		if got := hex.EncodeToString(g.roots[i+1][:]); got != roots[i+1] {
			t.Errorf("root of %d leaves is %s, want %s", i+1, got, roots[i+1])
		}
	}
	if got := hex.EncodeToString(g.roots[0][:]); got != roots[0] {
		t.Errorf("root of the empty tree is %s, want %s", got, roots[0])
	}
}

// Every tree to 100: grown in one go, opened at every size from its stored
// hashes, and compared with the tree of x/mod.
func TestTree(t *testing.T) {
	const most = 100
	g := grow(most)
	for size := range uint64(most + 1) {
		if got, want := ledger.StoredHashes(size), tlog.StoredHashCount(int64(size)); got != want {
			t.Errorf("%d stored hashes for %d leaves, want %d", got, size, want)
		}
		want, err := tlog.TreeHash(int64(size), tlog.HashReaderFunc(g.read))
		if err != nil || g.roots[size] != want {
			t.Errorf("root of %d leaves is %v, want %v, %v", size, g.roots[size], want, err)
		}
		opened, err := ledger.OpenTree(size, g.read)
		if err != nil {
			t.Fatal(err)
		}
		again := &grown{tree: opened, stored: append([]ledger.Hash(nil), g.stored[:ledger.StoredHashes(size)]...)}
		for n := size; n < most; n++ {
			again.add(g.leaves[n])
			if opened.Root() != g.roots[n+1] || opened.Size() != n+1 {
				t.Fatalf("opened at %d and grown to %d, the tree is another one", size, n+1)
			}
		}
	}
}

func TestTreeClone(t *testing.T) {
	a := grow(77)
	b := a.tree.Clone()
	b.Append(ledger.LeafHash([]byte("another")))
	a.add(ledger.LeafHash([]byte("leaf 77")))
	if want := grow(78).tree.Root(); a.tree.Root() != want {
		t.Error("growing a clone changed the tree")
	}
}

func TestOpenTreeRefuses(t *testing.T) {
	g := grow(5)
	if _, err := ledger.OpenTree(6, g.read); err == nil {
		t.Error("opened a tree of which hashes are missing")
	}
	if _, err := ledger.OpenTree(ledger.MaxSize+1, g.read); err == nil {
		t.Error("opened a tree that is too large")
	}
	short := func([]int64) ([]ledger.Hash, error) { return g.stored[:1], nil }
	if _, err := ledger.OpenTree(5, short); err == nil {
		t.Error("opened a tree from too few hashes")
	}
}

// Every leaf of every tree to 100, each hash of the proof corrupted once, each
// proof one hash shorter and longer.
func TestInclusion(t *testing.T) {
	g := grow(100)
	for size := uint64(1); size <= 100; size++ {
		root := g.roots[size]
		for index := range size {
			leaf := g.leaves[index]
			proof, err := ledger.ProveInclusion(size, index, g.read)
			if err != nil {
				t.Fatal(err)
			}
			check := func(p []ledger.Hash) error { return ledger.CheckInclusion(p, size, root, index, leaf) }
			if err := check(proof); err != nil {
				t.Errorf("proof of %d in %d: %v", index, size, err)
			}
			mangle(t, fmt.Sprintf("proof of %d in %d", index, size), proof, check)
			if ledger.CheckInclusion(proof, size, root, index, g.roots[0]) == nil {
				t.Errorf("proof of %d in %d accepted for another leaf", index, size)
			}
			if ledger.CheckInclusion(proof, size, g.roots[size-1], index, leaf) == nil {
				t.Errorf("proof of %d in %d accepted for another root", index, size)
			}
		}
		if _, err := ledger.ProveInclusion(size, size, g.read); err == nil {
			t.Errorf("proved entry %d in a tree of that size", size)
		}
		if ledger.CheckInclusion(nil, size, root, size, g.leaves[0]) == nil {
			t.Errorf("accepted a proof of entry %d in a tree of that size", size)
		}
	}
}

// Every earlier tree of every tree to 100, each hash of the proof corrupted.
func TestConsistency(t *testing.T) {
	g := grow(100)
	for size := range uint64(101) {
		for old := range size + 1 {
			proof, err := ledger.ProveConsistency(old, size, g.read)
			if err != nil {
				t.Fatal(err)
			}
			check := func(p []ledger.Hash) error {
				return ledger.CheckConsistency(p, old, g.roots[old], size, g.roots[size])
			}
			name := fmt.Sprintf("proof from %d to %d", old, size)
			if err := check(proof); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			mangle(t, name, proof, check)
			wrong := g.leaves[99]
			if ledger.CheckConsistency(proof, old, wrong, size, g.roots[size]) == nil {
				t.Errorf("%s accepted for another old root", name)
			}
			if (old > 0 || size == 0) && ledger.CheckConsistency(proof, old, g.roots[old], size, wrong) == nil {
				t.Errorf("%s accepted for another new root", name)
			}
		}
		if _, err := ledger.ProveConsistency(size+1, size, g.read); err == nil {
			t.Errorf("proved that %d entries are the beginning of %d", size+1, size)
		}
		if ledger.CheckConsistency(nil, size+1, g.roots[size], size, g.roots[size]) == nil {
			t.Errorf("accepted that %d entries are the beginning of %d", size+1, size)
		}
	}
}

// mangle checks that no proof with one hash changed, missing or added is
// accepted.
func mangle(t *testing.T, name string, proof []ledger.Hash, check func([]ledger.Hash) error) {
	t.Helper()
	for i := range proof {
		bad := append([]ledger.Hash(nil), proof...)
		bad[i][i%len(bad[i])] ^= 0x40
		if !errors.Is(check(bad), ledger.ErrProof) {
			t.Errorf("%s accepted with hash %d changed", name, i)
		}
		without := append(append([]ledger.Hash(nil), proof[:i]...), proof[i+1:]...)
		if check(without) == nil {
			t.Errorf("%s accepted without hash %d", name, i)
		}
	}
	if check(append(append([]ledger.Hash(nil), proof...), ledger.Hash{1})) == nil {
		t.Errorf("%s accepted with one hash more", name)
	}
}

func BenchmarkAppend(b *testing.B) {
	tree := new(ledger.Tree)
	leaf := ledger.LeafHash([]byte("leaf"))
	b.ReportAllocs()
	for b.Loop() {
		tree.Append(leaf)
	}
}
