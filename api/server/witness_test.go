package server_test

import (
	"testing"
	"time"

	"sluis/api"
)

// Who exchanged messages is listed as a witness, with what each has checked.
func TestWitnesses(t *testing.T) {
	w := newWorld(t, func(w *world) {
		w.college.config = "[witness]\nevery = \"24h\"\npause = \"40ms\"\n"
		w.probation.config = w.college.config
	})
	w.ready()
	none, err := w.college.client.Witnesses(t.Context())
	if err != nil || len(none) != 0 {
		t.Fatalf("before anything was exchanged: %+v, %v", none, err)
	}
	made, err := w.college.client.Ask(t.Context(), by(requester), w.asked())
	if err != nil {
		t.Fatal(err)
	}
	w.wait(w.college, made.ID, api.Delivered)
	end := time.After(20 * time.Second)
	for _, p := range w.parties() {
		for {
			changed := p.node.Changed()
			all, err := p.client.Witnesses(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if len(all) == 1 && all[0].Held > 0 && all[0].Cosigned > 0 {
				if all[0].Checked.IsZero() || all[0].CosignedAt.IsZero() || all[0].Origin != "sluis.invalid/ledger/"+all[0].Party || all[0].Alarms != 0 {
					t.Errorf("%s: %+v", p.id.Name, all[0])
				}
				break
			}
			select {
			case <-end:
				t.Fatalf("%s: %+v", p.id.Name, all)
			case <-changed:
			}
		}
		alarms, err := p.client.Alarms(t.Context())
		if err != nil || len(alarms) != 0 {
			t.Errorf("%s: alarms %v, %v", p.id.Name, alarms, err)
		}
		if s, err := p.client.Status(t.Context()); err != nil || s.Alarms != 0 {
			t.Errorf("%s: status %+v, %v", p.id.Name, s, err)
		}
	}
	party, err := w.college.client.Party(t.Context(), "00000099000002002000")
	if err != nil || party.Witness == "" {
		t.Errorf("the party is listed without its witness key: %v", err)
	}
}
