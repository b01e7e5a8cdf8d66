package audit_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/ledger"
	"sluis/ledger/audit"
)

var entriesFlag = flag.Int("entries", 20_000, "how many entries the bundle of the benchmark has")

// BenchmarkVerify verifies a bundle of a municipality in which everything is in
// scope, read from a file, on one core:
//
//	go test ./ledger/audit -run '^$' -bench Verify -benchtime 1x -entries 1000000
//
// Reported are wall-clock and processor seconds, entries per processor second,
// and the most memory that the process had while it verified.
func BenchmarkVerify(b *testing.B) {
	for _, variant := range []struct {
		name     string
		messages bool
	}{{"parts", false}, {"parts+messages", true}} {
		b.Run(variant.name, func(b *testing.B) {
			w := newWorld(b)
			path := filepath.Join(b.TempDir(), "bundle.age")
			w.forge(path, *entriesFlag, variant.messages)
			runtime.GC()
			before := runtime.GOMAXPROCS(1)
			defer runtime.GOMAXPROCS(before)
			for b.Loop() {
				started, used := time.Now(), processor()
				peak, stop := watchMemory()
				f, err := os.Open(path)
				w.must(err)
				opened, err := crypto.OpenStream(f, w.auditor)
				w.must(err)
				r, err := audit.Verify(opened, audit.Options{Root: w.root, Recipient: audit.Fingerprint(w.auditor.Recipient())})
				stop()
				w.must(err)
				w.must(f.Close())
				if r.Findings.Count() > 0 {
					b.Fatalf("%+v", r.Findings.Listed)
				}
				took, spent := time.Since(started), processor()-used
				info, err := os.Stat(path)
				w.must(err)
				b.ReportMetric(took.Seconds(), "wall-s")
				b.ReportMetric(spent.Seconds(), "cpu-s")
				b.ReportMetric(float64(r.Entries)/spent.Seconds(), "entries/cpu-s")
				b.ReportMetric(float64(*peak)/1e6, "MB-peak")
				b.ReportMetric(float64(info.Size())/1e6, "MB-file")
				b.ReportMetric(float64(r.Messages), "messages")
			}
		})
	}
}

// processor is the processor time of this process.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// watchMemory follows what the Go runtime has of the system, less what it gave
// back.
func watchMemory() (peak *uint64, stop func()) {
	peak = new(uint64)
	look := func() {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		*peak = max(*peak, m.Sys-m.HeapReleased)
	}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			look()
			select {
			case <-done:
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	}()
	return peak, func() { close(done); <-ended; look() }
}

// forge writes a bundle of about n entries to a file: requests of a college that
// were received and answered, each with a case and with looks at it. Keys,
// signatures, proofs and sealed parts are real; the partner's ledger is another
// one for every exchange, so that it need not be kept.
func (w *world) forge(path string, n int, messages bool) {
	f, err := os.Create(path)
	w.must(err)
	buffered := bufio.NewWriterSize(f, 1<<20)
	sealed, err := crypto.SealStream(buffered, w.auditor.Recipient())
	w.must(err)
	p := w.parties[college]
	inspection := w.inspection(exchange.ScopeAll)
	const perExchange = 7
	rounds := (n - 3) / perExchange
	size := uint64(2 + rounds*perExchange + 1)
	made := w.now.Add(time.Duration(size) * 50 * time.Millisecond)
	bundle, err := audit.NewWriter(sealed, audit.Head{
		OIN: p.id.OIN, Name: "party " + string(p.id.Capacity), Ledger: ledger.VerifierKey(p.signer.Name(), p.keys.Public().Checkpoint), Made: made,
		By: "m.kuipers", As: p.id.String(), Inspection: inspection, Granted: size - 1, Size: size,
	})
	w.must(err)
	w.must(bundle.Register(w.bundle))
	var tree ledger.Tree
	put := func(e written) {
		tree.Append(ledger.LeafHash(e.raw))
		w.must(bundle.Entry(e.raw))
		w.must(bundle.PartKey(e.key))
		if e.token != nil {
			w.must(bundle.Message(e.token))
		}
	}
	for _, e := range p.entries {
		put(e)
	}
	g := forger{w: w, p: p, other: w.parties[officer], put: put, next: 2}
	for range rounds {
		if messages {
			g.exchange()
		} else {
			g.looks()
		}
	}
	part, err := json.Marshal(exchange.PrivatePart{By: "m.kuipers", Register: 1, Detail: exchange.Detail{Inspection: &inspection}})
	w.must(err)
	g.entry("node", exchange.InspectionGranted, "", false, part, nil)
	signed, err := ledger.SignCheckpoint(ledger.Checkpoint{Origin: p.signer.Name(), Size: size, Root: tree.Root()}, p.signer)
	w.must(err)
	w.must(bundle.Checkpoint(signed))
	w.must(bundle.Close(p.keys.Signing))
	w.must(sealed.Close())
	w.must(buffered.Flush())
	w.must(f.Close())
}

// A forger writes entries quickly: it skips the schemas, which the signing
// functions of package wire would look at for each message.
type forger struct {
	w      *world
	p      *party
	other  *party
	put    func(written)
	next   uint64
	record crypto.RecordKey
	begun  bool
}

func (g *forger) entry(dossier string, kind exchange.EventKind, x exchange.ID, paired bool, part, token []byte) written {
	g.w.now = g.w.now.Add(20 * time.Millisecond)
	h := ledger.Header{
		Index: g.next, Time: g.w.now, Kind: string(kind), Exchange: ledger.None, Party: ledger.None, As: g.p.id.String(), Purpose: ledger.None, Key: dossier,
	}
	g.next++
	if x != "" {
		h.Exchange = string(x)
	}
	if paired {
		h.Party, h.Purpose = g.other.id.String(), purpose
	}
	if token != nil {
		h.Message = sha256.Sum256(token)
	}
	if !g.begun || kind == exchange.CaseOpened || kind == exchange.RequestIssued {
		g.begun = true
		g.record = crypto.NewRecordKey()
	}
	sealed, err := g.record.SealPart(part, h.Bound())
	g.w.must(err)
	key, err := g.record.PartKey(sealed)
	g.w.must(err)
	e := written{Entry: ledger.Seal(h, sealed), key: key, token: token}
	e.raw, err = e.Marshal()
	g.w.must(err)
	g.put(e)
	return e
}

// looks writes seven entries of a case, none of which has a message.
func (g *forger) looks() {
	part, err := json.Marshal(exchange.PrivatePart{By: "a.jansen", Register: 1, Detail: exchange.Detail{Items: []exchange.ItemNote{
		{Item: "supervision-running", Depth: exchange.Process, Outcome: exchange.Supply},
		{Item: "supervision-conditions", Depth: exchange.Content, Outcome: exchange.Withhold},
	}, Conditions: []exchange.ConditionCode{exchange.AskFirst}}})
	g.w.must(err)
	x := g.w.id()
	g.entry(string(x), exchange.CaseOpened, x, true, part, nil)
	for _, kind := range []exchange.EventKind{exchange.CaseChanged, exchange.Viewed, exchange.Viewed, exchange.CaseChanged, exchange.Viewed, exchange.CaseClosed} {
		g.entry(string(x), kind, x, true, part, nil)
	}
}

// exchange writes the seven entries of one request and its case.
func (g *forger) exchange() {
	part, err := json.Marshal(exchange.PrivatePart{By: "a.jansen", Register: 1, Detail: exchange.Detail{Items: []exchange.ItemNote{
		{Item: "supervision-running", Depth: exchange.Process, Outcome: exchange.Supply},
		{Item: "supervision-conditions", Depth: exchange.Content, Outcome: exchange.Withhold},
	}, Conditions: []exchange.ConditionCode{exchange.AskFirst}}})
	g.w.must(err)
	short, err := json.Marshal(exchange.PrivatePart{By: "a.jansen", Register: 1})
	g.w.must(err)
	inCase := g.w.id()
	g.entry(string(inCase), exchange.CaseOpened, inCase, false, short, nil)
	x := g.w.id()
	request := g.sign(g.p, g.other, "request", x, nil, map[string]any{
		"case": inCase, "purpose": purpose, "specific": string(bytes.Repeat([]byte("een plan voor werk en schulden "), 6)),
		"items":   []map[string]any{{"item": "supervision-running", "depth": "process", "why": string(bytes.Repeat([]byte("om afspraken te plannen "), 4))}},
		"subject": map[string]any{"standing": "client", "bsn": "999993847"}, "due": g.w.now.AddDate(0, 1, 0),
	})
	g.entry(string(x), exchange.RequestIssued, x, true, part, request)
	digest := sha256.Sum256(request)
	g.entry(string(x), exchange.ReceiptReceived, x, true, short, g.sign(g.other, g.p, "receipt", x, digest[:], g.evidence(x, digest)))
	policy, err := wire.EncodePolicy(string(g.w.id()), exchange.Layer{By: g.other.id, Conditions: []exchange.Condition{{Code: exchange.AskFirst}}})
	g.w.must(err)
	answer := g.sign(g.other, g.p, "answer", x, digest[:], map[string]any{
		"decided": g.w.now, "policy": policy,
		"_sd": []string{base64.RawURLEncoding.EncodeToString(digest[:]), base64.RawURLEncoding.EncodeToString(digest[:])}, "_sd_alg": "sha-256",
	})
	g.entry(string(x), exchange.AnswerReceived, x, true, part, answer)
	for range 3 {
		g.entry(string(x), exchange.Viewed, x, true, short, nil)
	}
}

func (g *forger) sign(from, to *party, kind string, x exchange.ID, follows []byte, body any) []byte {
	claims := map[string]any{
		"iss": from.id.String(), "aud": to.id.String(), "jti": g.w.id(), "iat": g.w.now.Unix(), "exp": g.w.now.AddDate(0, 1, 0).Unix(),
		"exchange": x, "body": body,
	}
	if follows != nil {
		claims["follows"] = base64.RawURLEncoding.EncodeToString(follows)
	}
	payload, err := json.Marshal(claims)
	g.w.must(err)
	token, err := crypto.Sign(from.keys.Signing, fmt.Sprintf("sluis-%s+jwt", kind), payload)
	g.w.must(err)
	return token
}

// evidence is a receipt from a ledger of a thousand entries or so: a proof of
// ten hashes that leads to the root.
func (g *forger) evidence(x exchange.ID, message [32]byte) any {
	h := ledger.Header{
		Index: 0, Time: g.w.now.UTC(), Kind: string(exchange.RequestReceived), Exchange: string(x), Party: g.p.id.String(), As: g.other.id.String(),
		Purpose: purpose, Message: message, Key: string(x),
	}
	raw, err := ledger.Seal(h, bytes.Repeat([]byte{7}, 220)).Marshal()
	g.w.must(err)
	root := ledger.LeafHash(raw)
	var proof [][]byte
	for i := range 10 {
		sibling := ledger.Hash{byte(i), 1, 2, 3}
		root = nodeHash(root, sibling)
		proof = append(proof, sibling[:])
	}
	signed, err := ledger.SignCheckpoint(ledger.Checkpoint{Origin: g.other.signer.Name(), Size: 1024, Root: root}, g.other.signer)
	g.w.must(err)
	return map[string]any{"entry": raw, "checkpoint": string(signed), "proof": proof}
}

func nodeHash(left, right ledger.Hash) ledger.Hash {
	return sha256.Sum256(append(append([]byte{1}, left[:]...), right[:]...))
}
