package server_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"sluis/api"
	"sluis/schemas"
)

// Who has the answer to a question gets no second one until it is another; what he
// can't have it does not give either. Reading content has no tag: it is an act.
func TestUnchangedIsNotSentAgain(t *testing.T) {
	w := newWorld(t)
	w.ready()
	get := func(path, unless string, want int) (tag, body string) {
		t.Helper()
		header := http.Header{}
		if unless != "" {
			header.Set("If-None-Match", unless)
		}
		a := w.raw(w.college, http.MethodGet, "/v1"+path, header, "")
		if a.status != want {
			t.Fatalf("%s unless %s: %d %s, want %d", path, unless, a.status, a.body, want)
		}
		return a.header.Get("ETag"), a.body
	}
	empty, _ := get("/verzoeken?hoedanigheid=investigation", "", http.StatusOK)
	asked, err := w.college.client.Ask(t.Context(), by(requester), w.asked())
	if err != nil {
		t.Fatal(err)
	}
	one := "/verzoeken/" + asked.ID
	w.wait(w.college, asked.ID, api.Delivered)
	for _, path := range []string{one, "/verzoeken?hoedanigheid=investigation", "/casussen"} {
		tag, body := get(path, "", http.StatusOK)
		if tag == "" || body == "" || tag == empty {
			t.Errorf("%s: tag %s, %d bytes", path, tag, len(body))
		}
		for _, unless := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
			if again, nothing := get(path, unless, http.StatusNotModified); again != tag || nothing != "" {
				t.Errorf("%s unless %s: tag %s, body %q", path, unless, again, nothing)
			}
		}
		if again, whole := get(path, `"other"`, http.StatusOK); again != tag || whole != body {
			t.Errorf("%s unless another: tag %s, %d bytes", path, again, len(whole))
		}
	}
	get(one, "other", http.StatusBadRequest)
	get("/verzoeken/01938f2e-7c1a-7b3e-9d5a-0c1b2a394857", "*", http.StatusNotFound)

	// It changes, and then there is something to say.
	before, _ := get(one, "", http.StatusOK)
	w.weighed(asked.ID)
	if _, err := w.probation.client.Decide(t.Context(), by(professional), asked.ID, verdict()); err != nil {
		t.Fatal(err)
	}
	w.wait(w.college, asked.ID, api.Answered)
	if after, body := get(one, before, http.StatusOK); after == before || body == "" {
		t.Errorf("after the answer: tag %s, was %s", after, before)
	}
}

// Only what is nobody's has a tag, and everything that has one can answer 304.
func TestTagsAreWhereTheContractHasThem(t *testing.T) {
	var d struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal(schemas.OpenAPIAsJSON(), &d); err != nil {
		t.Fatal(err)
	}
	tagged := 0
	for path, methods := range d.Paths {
		for method, raw := range methods {
			var op struct {
				Parameters []struct {
					Ref string `json:"$ref"`
				} `json:"parameters"`
				Responses map[string]struct {
					Headers map[string]any `json:"headers"`
				} `json:"responses"`
			}
			if method == "parameters" {
				continue
			}
			if err := json.Unmarshal(raw, &op); err != nil {
				t.Fatal(err)
			}
			takes, acts := false, false
			for _, p := range op.Parameters {
				takes = takes || p.Ref == "#/components/parameters/AlsAnders"
				acts = acts || p.Ref == "#/components/parameters/Medewerker"
			}
			_, unchanged := op.Responses["304"]
			if tells := op.Responses["200"].Headers["ETag"] != nil; takes != unchanged || takes != tells {
				t.Errorf("%s %s: takes %v, 304 %v, tells %v", method, path, takes, unchanged, tells)
			}
			if takes && (acts || method != "get") {
				t.Errorf("%s %s is an act of somebody", method, path)
			}
			if takes {
				tagged++
			}
		}
	}
	if tagged != 3 {
		t.Errorf("%d operations have a tag", tagged)
	}
}
