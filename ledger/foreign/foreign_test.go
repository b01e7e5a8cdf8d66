package foreign_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/torchwood"
	"github.com/transparency-dev/formats/log"
	fnote "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/witness/persistence/inmemory"
	"github.com/transparency-dev/witness/witness"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"sluis/api/server"
	"sluis/crypto"
	"sluis/ledger"
	"sluis/store"
)

const origin = "sluis.invalid/ledger/00000099000001001000"

func key(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
}

func vkey() string { return ledger.VerifierKey(origin, key(3).Public().(ed25519.PublicKey)) }

// openStore opens a store, and makes it when it is not there yet.
func openStore(t *testing.T, dir string) *store.Store {
	t.Helper()
	master, err := crypto.ParseSecret(bytes.Repeat([]byte{4}, 32))
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ledger.NewSigner(origin, key(3))
	if err != nil {
		t.Fatal(err)
	}
	o := store.Options{Master: master, Signer: signer, Verifier: vkey(), MinFree: 1}
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		if err := store.Create(dir, o); err != nil {
			t.Fatal(err)
		}
	}
	s, err := store.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// grow adds entries until there are so many.
func grow(t *testing.T, s *store.Store, size uint64) {
	t.Helper()
	for s.Size() < size {
		c := store.Change{Dossier: store.NodeDossier}
		for range min(64, size-s.Size()) {
			c.Record = append(c.Record, store.Event{Kind: "viewed", Party: "00000099000002002000:probation", Private: []byte(`{"by":"a.jansen"}`)})
		}
		if _, err := s.Write(context.Background(), c); err != nil {
			t.Fatal(err)
		}
	}
}

func mirror(t *testing.T, s *store.Store) string {
	t.Helper()
	m := httptest.NewServer(server.Mirror(s, true))
	t.Cleanup(m.Close)
	return m.URL
}

// fetched is the tree of the checkpoint that a mirror gives, as a foreign client
// verifies it.
func fetched(t *testing.T, f *torchwood.TileFetcher) (signed []byte, tree tlog.Tree) {
	t.Helper()
	signed, err := f.ReadEndpoint(context.Background(), "checkpoint")
	if err != nil {
		t.Fatal(err)
	}
	v, err := note.NewVerifier(vkey())
	if err != nil {
		t.Fatal(err)
	}
	n, err := note.Open(signed, note.VerifierList(v))
	if err != nil {
		t.Fatal(err)
	}
	c, err := torchwood.ParseCheckpoint(n.Text)
	if err != nil {
		t.Fatal(err)
	}
	if c.Origin != origin {
		t.Errorf("origin %q", c.Origin)
	}
	return signed, c.Tree
}

// A client of torchwood follows our ledger over the mirror, from a real store:
// every entry, inclusion, and that it only grew.
func TestForeignClient(t *testing.T) {
	s := openStore(t, filepath.Join(t.TempDir(), "store"))
	grow(t, s, 700)
	fetcher, err := torchwood.NewTileFetcher(mirror(t, s), torchwood.WithTilePath(torchwood.TilePath))
	if err != nil {
		t.Fatal(err)
	}
	client, err := torchwood.NewClient(fetcher, torchwood.WithTimeout(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	_, first := fetched(t, fetcher)
	if first.N != 700 {
		t.Fatalf("the checkpoint is of %d entries", first.N)
	}
	// The client stops before a partial bundle once; then it takes it.
	read := int64(0)
	for range 2 {
		for i, data := range client.Entries(ctx, first, read) {
			e, err := ledger.ParseEntry(data)
			if err != nil || e.Index != uint64(i) || i != read {
				t.Fatalf("entry %d is %d: %v", i, e.Index, err)
			}
			read++
		}
		if err := client.Err(); err != nil {
			t.Fatal(err)
		}
	}
	for _, i := range []int64{0, 1, 255, 256, 511, 512, 698, 699} {
		data, proof, err := client.Entry(ctx, first, i)
		if err != nil {
			t.Fatalf("entry %d: %v", i, err)
		}
		if err := ledger.CheckInclusion(proof, uint64(first.N), first.Hash, uint64(i), ledger.LeafHash(data)); err != nil {
			t.Errorf("entry %d: its proof is not right for us: %v", i, err)
		}
		if read = max(read, i+1); read != first.N && i == 699 {
			t.Errorf("%d entries were read", read)
		}
	}
	grow(t, s, 1500)
	_, second := fetched(t, fetcher)
	proof, err := tlog.ProveTree(second.N, first.N, torchwood.TileHashReaderWithContext(ctx, second, fetcher))
	if err != nil {
		t.Fatal(err)
	}
	if err := tlog.CheckTree(proof, second.N, second.Hash, first.N, first.Hash); err != nil {
		t.Errorf("consistency of %d and %d: %v", first.N, second.N, err)
	}
	ours, err := s.ProveConsistency(uint64(first.N), uint64(second.N))
	if err != nil || fmt.Sprint(ours) != fmt.Sprint([]tlog.Hash(proof)) {
		t.Errorf("our proof is another one: %v", err)
	}
}

// A witness of transparency-dev, over HTTP (C2SP tlog-witness), cosigns our
// checkpoints as they grow; our package reads its cosignature; and a fork gets
// none.
func TestForeignWitness(t *testing.T) {
	ctx := context.Background()
	dir := filepath.Join(t.TempDir(), "store")
	s := openStore(t, dir)
	grow(t, s, 300)
	skey, _, err := note.GenerateKey(nil, "witness.example/w1")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := fnote.NewSignerForCosignatureV1(skey)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(vkey())
	if err != nil {
		t.Fatal(err)
	}
	w, err := witness.New(ctx, witness.Opts{
		Persistence: inmemory.New(), Signers: []note.Signer{signer},
		VerifierForLog: func(_ context.Context, name string) (note.Verifier, bool, error) {
			return verifier, name == origin, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /add-checkpoint", witness.NewHTTPHandler(w).AddCheckpoint)
	door := httptest.NewServer(mux)
	t.Cleanup(door.Close)
	add := func(s *store.Store, old uint64) (status int, lines string) {
		t.Helper()
		signed, size := s.Checkpoint()
		proof, err := s.ProveConsistency(old, max(size, old))
		if err != nil && size >= old {
			t.Fatal(err)
		}
		var body strings.Builder
		fmt.Fprintf(&body, "old %d\n", old)
		for _, h := range proof {
			fmt.Fprintf(&body, "%s\n", h)
		}
		fmt.Fprintf(&body, "\n%s", signed)
		answer, err := http.Post(door.URL+"/add-checkpoint", "text/plain", strings.NewReader(body.String()))
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		data, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, string(data)
	}
	cosigned := func(s *store.Store, lines string) {
		t.Helper()
		signed, size := s.Checkpoint()
		c, err := ledger.OpenCheckpoint(signed, vkey())
		if err != nil {
			t.Fatal(err)
		}
		public := witnessKey(t, skey)
		if _, err := ledger.OpenCosignature([]byte(lines), c, public); err != nil {
			t.Errorf("its cosignature of %d: %v", size, err)
		}
		both, err := ledger.AddCosignature(signed, []byte(lines))
		if err != nil {
			t.Fatal(err)
		}
		if found, err := ledger.Cosignatures(both, public); err != nil || len(found) != 1 {
			t.Errorf("found %v, %v", found, err)
		}
	}
	status, lines := add(s, 0)
	if status != http.StatusOK {
		t.Fatalf("the first checkpoint: %d", status)
	}
	cosigned(s, lines)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	twin := filepath.Join(t.TempDir(), "twin")
	if err := os.CopyFS(twin, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Chmod(twin, 0o700), filepath.WalkDir(twin, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		return os.Chmod(path, 0o600)
	})); err != nil {
		t.Fatal(err)
	}
	s, forked := openStore(t, dir), openStore(t, twin)
	grow(t, s, 650)
	if status, lines = add(s, 300); status != http.StatusOK {
		t.Fatalf("it grew: %d", status)
	}
	cosigned(s, lines)
	grow(t, forked, 650)
	if status, _ = add(forked, 650); status != http.StatusUnprocessableEntity && status != http.StatusConflict {
		t.Errorf("another root at the same size: %d", status)
	}
	grow(t, forked, 800)
	if status, _ = add(forked, 650); status != http.StatusUnprocessableEntity {
		t.Errorf("a fork that grew: %d", status)
	}
	if status, _ = add(forked, 300); status != http.StatusConflict {
		t.Errorf("a fork that starts from an older state: %d", status)
	}
	grow(t, s, 651)
	if status, lines = add(s, 650); status != http.StatusOK {
		t.Errorf("the first history after that: %d", status)
	}
	cosigned(s, lines)
}

// witnessKey is the key of a foreign signer as our package writes it.
func witnessKey(t *testing.T, skey string) string {
	t.Helper()
	signer, err := fnote.NewSignerForCosignatureV1(skey)
	if err != nil {
		t.Fatal(err)
	}
	raw := strings.SplitN(skey, "+", 5)[4] // PRIVATE+KEY+name+hash+key, and base64 has plus signs
	seed, err := base64.StdEncoding.DecodeString(raw)
	if err != nil {
		t.Fatal(err)
	}
	public := ledger.CosignerKey(signer.Name(), ed25519.NewKeyFromSeed(seed[1:]).Public().(ed25519.PublicKey))
	if !strings.Contains(public, fmt.Sprintf("+%08x+", signer.KeyHash())) {
		t.Errorf("our key is %s, its key ID is %08x", public, signer.KeyHash())
	}
	return public
}

// Both libraries verify our cosignature on a checkpoint that is not ours, and
// refuse it on another one.
func TestOurCosignature(t *testing.T) {
	// A log of somebody else, signed with the library of x/mod.
	skey, logKey, err := note.GenerateKey(nil, "log.example/behind-the-sofa")
	if err != nil {
		t.Fatal(err)
	}
	logSigner, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	text := string(log.Checkpoint{Origin: "log.example/behind-the-sofa", Size: 20852163, Hash: bytes.Repeat([]byte{7}, 32)}.Marshal())
	signed, err := note.Sign(&note.Note{Text: text}, logSigner)
	if err != nil {
		t.Fatal(err)
	}
	c, err := ledger.OpenCheckpoint(signed, logKey)
	if err != nil {
		t.Fatal(err)
	}
	name := "sluis.invalid/witness/00000099000001001000"
	cosigner, err := ledger.NewCosigner(name, key(7))
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	line, err := cosigner.Cosign(c, at)
	if err != nil {
		t.Fatal(err)
	}
	both, err := ledger.AddCosignature(signed, line)
	if err != nil {
		t.Fatal(err)
	}
	public := ledger.CosignerKey(name, key(7).Public().(ed25519.PublicKey))
	theirs, err := torchwood.NewCosignatureSigner(name, key(7))
	if err != nil {
		t.Fatal(err)
	}
	if theirs.Verifier().String() != public {
		t.Errorf("our key is %s, torchwood's %s", public, theirs.Verifier())
	}
	logVerifier, err := note.NewVerifier(logKey)
	if err != nil {
		t.Fatal(err)
	}
	formats, err := fnote.NewVerifierForCosignatureV1(public)
	if err != nil {
		t.Fatal(err)
	}
	for library, v := range map[string]note.Verifier{"torchwood": theirs.Verifier(), "transparency-dev": formats} {
		n, err := note.Open(both, note.VerifierList(logVerifier, v))
		if err != nil || len(n.Sigs) != 2 {
			t.Errorf("%s: %v", library, err)
			continue
		}
		if got, err := torchwood.CosignatureTimestamp(n.Sigs[1]); err != nil || got != at.Unix() {
			t.Errorf("%s: the time is %d, %v", library, got, err)
		}
		other := []byte(strings.Replace(string(both), "20852163", "20852164", 1))
		if n, err := note.Open(other, note.VerifierList(v)); err == nil {
			t.Errorf("%s: took it for another checkpoint: %v", library, n.Sigs)
		}
	}
	// And the other way round.
	n, err := note.Open(signed, note.VerifierList(logVerifier))
	if err != nil {
		t.Fatal(err)
	}
	by, err := note.Sign(n, theirs)
	if err != nil {
		t.Fatal(err)
	}
	if found, err := ledger.Cosignatures(by, public); err != nil || len(found) != 1 || time.Since(found[0].Time) > time.Minute {
		t.Errorf("a cosignature by torchwood: %v, %v", found, err)
	}
	if got, err := ledger.OpenCheckpoint(by, logKey); err != nil || got != c {
		t.Errorf("under torchwood's cosignature: %+v, %v", got, err)
	}
}
