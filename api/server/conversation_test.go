package server_test

import (
	"encoding/base64"
	"errors"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"sluis/api"
	"sluis/ledger"
	"sluis/peer"
)

// One whole exchange through the API of both nodes, under the closed regime of
// art. 5.4.2(3), with the proofs of what was done; the harness holds every answer
// to the contract. That under professional secrecy is in weighing_test.go.
func TestConversation(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	before, err := w.college.client.Status(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if before.Register != nil || before.Version != "v0.0.0-test" || before.OIN != "00000099000001001000" || before.LedgerSize != 1 {
		t.Errorf("a new node says %+v", before)
	}
	if _, err := w.college.client.Register(ctx); !errors.Is(err, &api.Problem{Code: peer.NoRegister}) {
		t.Errorf("without a register: %v", err)
	}
	w.ready()
	register, err := w.college.client.Register(ctx)
	if err != nil || register.Version != 1 || register.Parties != 2 || register.Expired {
		t.Fatalf("register %+v, %v", register, err)
	}
	parties, err := w.college.client.Parties(ctx)
	if err != nil || len(parties) != 2 || parties[1].Capacities[0].Regime != api.Wjsg || parties[0].Contact.Phone != "06-00000000" {
		t.Fatalf("parties %+v, %v", parties, err)
	}
	if one, err := w.college.client.Party(ctx, parties[1].OIN); err != nil || one.Name != "reclassering Noord" {
		t.Errorf("party %+v, %v", one, err)
	}
	staff, err := w.college.client.Staff(ctx)
	if err != nil || len(staff) != 2 || staff[0].ID != requester || staff[0].Roles[0].Role != api.Requester {
		t.Fatalf("staff %+v, %v", staff, err)
	}

	asked, err := w.college.client.Ask(ctx, by(requester), w.asked())
	if err != nil {
		t.Fatal(err)
	}
	if asked.Phase != api.Queued || asked.Side != api.Asker || asked.Items != 2 || asked.To != question().To || asked.Due.Before(time.Now()) {
		t.Errorf("asked %+v", asked)
	}
	w.wait(w.college, asked.ID, api.Delivered)
	w.wait(w.probation, asked.ID, api.InWeighing)
	seen, err := w.probation.client.Open(ctx, by(professional), asked.ID)
	if err != nil {
		t.Fatal(err)
	}
	if seen.About.BSN != testBSN || seen.Items[0].Depth != api.Contents || seen.Decision != nil || seen.Answer != nil || seen.ShareWith[0] != "debts" {
		t.Errorf("opened %+v", seen)
	}
	w.weighed(asked.ID)
	decided, err := w.probation.client.Decide(ctx, by(professional), asked.ID, verdict())
	if err != nil || decided.Request.Side != api.Supplier || len(decided.Conditions) != 3 || len(decided.Told) != 0 {
		t.Fatalf("decided %+v, %v", decided, err)
	}
	w.wait(w.college, asked.ID, api.Answered)
	w.wait(w.probation, asked.ID, api.Answered)
	read, err := w.college.client.Open(ctx, by(requester), asked.ID)
	if err != nil || read.Answer == nil || read.Decision != nil {
		t.Fatalf("read %+v, %v", read, err)
	}
	first, second := read.Answer.Items[0], read.Answer.Items[1]
	if first.Value != "meldplicht tot en met maart" || first.Depth != api.Process || second.Outcome != api.Withhold || second.Tell != "bel mij" {
		t.Errorf("answer %+v", read.Answer)
	}
	if c := read.Answer.Conditions; !reflect.DeepEqual(c, decided.Conditions) || c[2].Condition.Until == "" || c[1].Condition.Parties[0] != "00000099000001001000:investigation" ||
		c[1].Says.NL != "Geef 'Voorwaarden van het toezicht' alleen door aan gemeente Voorbeeldstad (investigation)." {
		t.Errorf("conditions %+v", c)
	}
	own, err := w.probation.client.Open(ctx, by(professional), asked.ID)
	if err != nil || own.Decision == nil || own.Decision.By != professional || own.Decision.Note != verdict().Note || own.Decision.Items[1].Ground != "not-necessary" {
		t.Fatalf("own decision %+v, %v", own.Decision, err)
	}
	w.messagesAgree(asked.ID)
	w.proofsHold(asked.ID)
	w.listed(asked.ID)
	w.takenBack()
}

// messagesAgree compares both lists of messages: what one receipted is in the
// other's ledger at the entry that the receipt names.
func (w *world) messagesAgree(id string) {
	w.t.Helper()
	sent, err := w.college.client.Messages(w.t.Context(), id, "")
	if err != nil {
		w.t.Fatal(err)
	}
	received, err := w.probation.client.Messages(w.t.Context(), id, "")
	if err != nil {
		w.t.Fatal(err)
	}
	entries := map[string]uint64{}
	for _, m := range received {
		entries[m.Digest] = m.Entry
	}
	receipts := 0
	for _, m := range sent {
		if m.Receipt == nil {
			continue
		}
		receipts++
		if entry, ok := entries[m.Digest]; !ok || entry != m.Receipt.Entry || m.Receipt.Size <= entry || m.Kind != api.RequestMessage || m.Direction != api.Sent {
			w.t.Errorf("message %+v is not at that entry of the other: %+v", m, received)
		}
	}
	if receipts != 1 || len(sent) < 2 {
		w.t.Errorf("%d receipts in %+v", receipts, sent)
	}
}

// proofsHold checks with package ledger alone what the API proves.
func (w *world) proofsHold(id string) {
	w.t.Helper()
	ctx, client := w.t.Context(), w.college.client
	head, err := client.Checkpoint(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	me, err := client.Party(ctx, "00000099000001001000")
	if err != nil {
		w.t.Fatal(err)
	}
	signed, err := ledger.OpenCheckpoint([]byte(head.Note), me.Checkpoint)
	if err != nil || signed.Size != head.Size || signed.Origin != head.Origin {
		w.t.Fatalf("checkpoint %+v, %v", head, err)
	}
	page, err := client.Entries(ctx, 1, 2)
	if err != nil || len(page.Entries) != 2 || page.Entries[0].Index != 1 || page.Next != 3 {
		w.t.Fatalf("page %+v, %v", page, err)
	}
	kinds := 0
	for from := uint64(0); ; {
		page, err := client.Entries(ctx, from, 0)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, e := range page.Entries {
			if e.Exchange == id {
				kinds++
			}
			if e.Index < head.Size {
				proof, err := client.ProveInclusion(ctx, e.Index, head.Size)
				if err != nil || proof.Leaf != e.Leaf {
					w.t.Fatalf("inclusion of %d: %+v, %v", e.Index, proof, err)
				}
				if err := ledger.CheckInclusion(w.hashes(proof.Hashes), head.Size, signed.Root, e.Index, w.hashes([]string{e.Leaf})[0]); err != nil {
					w.t.Errorf("inclusion of %d: %v", e.Index, err)
				}
			}
		}
		if page.Next == 0 {
			break
		}
		from = page.Next
	}
	if kinds < 4 {
		w.t.Errorf("the ledger has %d entries about the request", kinds)
	}
	proof, err := client.ProveConsistency(ctx, 1, head.Size)
	if err != nil || len(proof.Hashes) == 0 {
		w.t.Errorf("consistency %+v, %v", proof, err)
	}
	if v, err := client.VerifyLedger(ctx); err != nil || v.Size < head.Size {
		w.t.Errorf("verify %+v, %v", v, err)
	}
	for _, ahead := range []func() error{
		func() error { _, err := client.ProveInclusion(ctx, 0, 1<<40); return err },
		func() error { _, err := client.ProveInclusion(ctx, 1<<40, 0); return err },
		func() error { _, err := client.ProveConsistency(ctx, 1<<40, 0); return err },
	} {
		if err := ahead(); !errors.Is(err, &api.Problem{Code: "not-yet"}) {
			w.t.Errorf("a proof of what is not there: %v", err)
		}
	}
}

func (w *world) hashes(all []string) (hashes []ledger.Hash) {
	w.t.Helper()
	for _, text := range all {
		raw, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(raw) != 32 {
			w.t.Fatalf("hash %q: %v", text, err)
		}
		hashes = append(hashes, ledger.Hash(raw))
	}
	return hashes
}

func (w *world) listed(id string) {
	w.t.Helper()
	ctx, client := w.t.Context(), w.college.client
	for _, c := range []struct {
		q    api.ListRequestsParams
		want int
	}{
		{api.ListRequestsParams{}, 1},
		{api.ListRequestsParams{Side: api.Asker, Phase: api.Answered, Limit: 1}, 1},
		{api.ListRequestsParams{Side: api.Supplier}, 0},
		{api.ListRequestsParams{Phase: api.Queued}, 0},
		{api.ListRequestsParams{Cursor: id}, 0},
	} {
		page, err := client.Requests(ctx, c.q)
		if err != nil || len(page.Requests) != c.want || page.Next != "" {
			w.t.Errorf("%+v lists %+v, %v; want %d", c.q, page, err, c.want)
		}
	}
	purposes, err := client.Purposes(ctx)
	if err != nil || len(purposes) < 2 || purposes[0].Article == "" {
		w.t.Errorf("purposes %v, %v", purposes, err)
	}
	items, err := client.Items(ctx)
	if err != nil || len(items) < 10 || len(items[0].Depths) == 0 {
		w.t.Errorf("items %v, %v", items, err)
	}
	grounds, err := client.Grounds(ctx)
	if err != nil || len(grounds) < 5 || len(grounds[0].Regimes) == 0 {
		w.t.Errorf("grounds %v, %v", grounds, err)
	}
	for path, start := range map[string]string{"/v1/openapi.json": "{", "/v1/openapi.yaml": "openapi: 3.1.0"} {
		answer := w.raw(w.college, http.MethodGet, path, nil, "")
		if answer.status != http.StatusOK || !strings.HasPrefix(answer.body, start) || answer.header.Get("Access-Control-Allow-Origin") != "*" {
			w.t.Errorf("%s: %d %v", path, answer.status, answer.header)
		}
	}
}

func (w *world) takenBack() {
	w.t.Helper()
	ctx := w.t.Context()
	asked, err := w.college.client.Ask(ctx, by(requester), w.asked())
	if err != nil {
		w.t.Fatal(err)
	}
	w.wait(w.probation, asked.ID, api.InWeighing)
	back, err := w.college.client.Withdraw(ctx, by(requester), asked.ID)
	if err != nil || back.Phase != api.Withdrawn {
		w.t.Fatalf("withdrawn %+v, %v", back, err)
	}
	w.wait(w.probation, asked.ID, api.Withdrawn)
	if _, err := w.college.client.Withdraw(ctx, by(requester), asked.ID); !errors.Is(err, &api.Problem{Code: "not-now"}) {
		w.t.Errorf("withdrawn twice: %v", err)
	}
}

// Many clients at once: each request is made once, and nothing gets mixed up.
func TestManyAtOnce(t *testing.T) {
	w := newWorld(t)
	w.ready()
	const clients = 16
	made := make(chan string, clients)
	var work sync.WaitGroup
	for i := range clients {
		work.Go(func() {
			q := w.asked()
			q.Contact = strconv.Itoa(i)
			r, err := w.college.client.Ask(t.Context(), by(requester), q)
			if err != nil {
				t.Error(err)
				return
			}
			c, err := w.college.client.Open(t.Context(), by(requester), r.ID)
			if err != nil || c.Contact != q.Contact || c.Request.ID != r.ID {
				t.Errorf("request %d reads %+v, %v", i, c, err)
			}
			made <- r.ID
		})
	}
	work.Wait()
	close(made)
	ids := map[string]bool{}
	for id := range made {
		ids[id] = true
		w.wait(w.probation, id, api.InWeighing)
	}
	page, err := w.probation.client.Requests(t.Context(), api.Query{Limit: clients - 1})
	if err != nil || len(page.Requests) != clients-1 || page.Next == "" {
		t.Fatalf("first page: %d requests, next %q, %v", len(page.Requests), page.Next, err)
	}
	last, err := w.probation.client.Requests(t.Context(), api.Query{Cursor: page.Next})
	if err != nil || len(last.Requests) != 1 || last.Next != "" || len(ids) != clients {
		t.Errorf("last page: %d requests, next %q, %v; %d were made", len(last.Requests), last.Next, err, len(ids))
	}
}
