package schemas_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"

	"sluis/schemas"
)

const (
	uuid   = "0193a0b0-0000-7000-8000-000000000001"
	asker  = "00000099000001001000:investigation"
	asked  = "00000099000003003000:probation"
	jwk    = `{"kty":"OKP","crv":"Ed25519","kid":"aVBtapLd11SUVKIMGJfPzOEDuN0sXcmzJQNVT-_sKEU","x":"gTl3Dqh9F19Wo1Rmw0x-zMuNipG07jeiXfYPW4_Js5Q"}`
	digest = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
)

func claims(body string, follows bool) string {
	f := ""
	if follows {
		f = `"follows":"` + digest + `",`
	}
	return `{"iss":"` + asker + `","aud":"` + asked + `","jti":"` + uuid + `","iat":1795440000,"exp":1799068800,"exchange":"` + uuid + `",` + f + `"body":` + body + `}`
}

// policy has a rule of each list, and every form of constraint.
const policy = `{"@context":["http://www.w3.org/ns/odrl.jsonld",{"sluis":"https://sluis.invalid/ns/policy#"}],"@type":"Set","uid":"urn:uuid:` + uuid + `",
	"profile":"https://sluis.invalid/ns/policy","conflict":"prohibit","assigner":"sluis:party/` + asker + `",
	"permission":[{"target":["sluis:item/offence"],"action":"distribute","constraint":[{"leftOperand":"count","operator":"lteq","rightOperand":{"@value":"1","@type":"xsd:integer"}}],
		"duty":[{"action":"obtainConsent","consentingParty":"sluis:party/` + asker + `"}]}],
	"prohibition":[{"target":["sluis:supplied"],"action":"distribute"},
		{"target":["sluis:supplied"],"action":"distribute","constraint":[{"leftOperand":"recipient","operator":"isNoneOf","rightOperand":[{"@id":"sluis:party/` + asked + `"},{"@id":"sluis:task/coordination"},{"@id":"sluis:domain/debts"}]}]},
		{"target":["sluis:supplied"],"action":"distribute","constraint":[{"leftOperand":"purpose","operator":"isAnyOf","rightOperand":[{"@id":"sluis:purpose/triage"},{"@id":"sluis:phase/report"}]}]},
		{"target":["sluis:supplied"],"action":"distribute","constraint":[{"leftOperand":"sluis:depth","operator":"gt","rightOperand":{"@id":"sluis:depth/process"}}]},
		{"target":["sluis:supplied"],"action":"distribute","constraint":[{"leftOperand":"event","operator":"lt","rightOperand":{"@id":"sluis:client-told"}}]},
		{"target":["sluis:supplied"],"action":"distribute","constraint":[{"leftOperand":"deliveryChannel","operator":"neq","rightOperand":{"@id":"sluis:case-conference"}}]}],
	"obligation":[{"target":["sluis:supplied"],"action":"delete","constraint":[{"leftOperand":"dateTime","operator":"lt","rightOperand":{"@value":"2027-06-01","@type":"xsd:date"}}]}]}`

// The examples hold every member of every schema at least once.
var examples = map[string][]string{
	"message.request": {
		claims(`{"case":"`+uuid+`","purpose":"investigation/client-request","trigger":{"code":"client-request","on":"2026-11-20"},"specific":"to plan help at home",
			"statements":[{"code":"question","text":"running"}],"subject":{"standing":"client","bsn":"999993847"},
			"items":[{"item":"supervision-running","depth":"process","why":"to plan appointments","statements":[{"code":"service-choice","text":"which work"}]}],
			"shareWith":["debts"],"consent":{"state":"given","on":"2026-11-21"},
			"involvement":{"state":"not-yet-informed","why":"told on Thursday"},"contact":"06-00000000","due":"2027-01-04T12:00:00Z"}`, false),
		claims(`{"case":"`+uuid+`","purpose":"triage","trigger":{"code":"report","on":"2026-11-23"},"specific":"x","statements":[],"subject":{"standing":"client","name":"J. Fictief","born":"1980-02-29","address":"Voorbeeldstraat 1"},
			"items":[{"item":"tenancy","depth":"that","why":"x"}],"shareWith":[],
			"involvement":{"state":"in-consultation"},"contact":"x","due":"2027-01-04T12:00:00Z","conference":"`+uuid+`"}`, false),
	},
	"message.answer": {
		claims(`{"decided":"2026-11-23T12:00:00.123Z","policy":`+policy+`,
			"_sd":["`+digest+`"],"_sd_alg":"sha-256"}`, true),
	},
	"message.withdrawal": {claims(`{}`, true)},
	"message.question":   {claims(`{"text":"which of the two?"}`, true)},
	"message.reply":      {claims(`{"text":"the one of this year"}`, true)},
	"message.receipt": {
		claims(`{"entry":"c2x1aXM=","checkpoint":"sluis.invalid/ledger/1\n1\n","proof":["47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="]}`, true),
	},
	"policy": {policy},
	"disclosure.item": {
		`{"outcome":"supply","depth":"process","value":"Supervision since February","tell":"call me"}`,
		`{"outcome":"withhold","tell":"call me"}`,
		`{"outcome":"withhold"}`,
	},
	"disclosure.subject": {`{"standing":"client","bsn":"999993847"}`, `{"standing":"family","name":"Daan Proefstra","born":"1987-03-14","address":"Sluisweg 12"}`},
	"message.passing": {
		`{"iss":"00000099000003003000:probation","aud":"00000099000001001000:investigation","jti":"01938f2e-7c1a-7b3e-9d5a-0c1b2a394857","iat":1764072000,"exp":1769256000,"exchange":"01938f2e-7c1a-7b3e-9d5a-0c1b2a394858","body":{"purpose":"investigation/inform","chain":{"answer":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},"items":["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"],"_sd":["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"],"_sd_alg":"sha-256"}}`,
		`{"iss":"00000099000003003000:probation","aud":"00000099000001001000:investigation","jti":"01938f2e-7c1a-7b3e-9d5a-0c1b2a394857","iat":1764072000,"exp":1769256000,"exchange":"01938f2e-7c1a-7b3e-9d5a-0c1b2a394858","body":{"purpose":"investigation/inform","told":"2026-11-20T00:00:00Z","chain":{"answer":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","corrections":["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"],"links":["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"],"permissions":["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]},"items":["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"],"_sd":["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"],"_sd_alg":"sha-256"}}`,
	},
	"message.permission-request": {`{"iss":"00000099000003003000:probation","aud":"00000099000001001000:investigation","jti":"01938f2e-7c1a-7b3e-9d5a-0c1b2a394857","iat":1764072000,"exp":1769256000,"exchange":"01938f2e-7c1a-7b3e-9d5a-0c1b2a394858","body":{"recipient":"00000099000004004000:youth-care","purpose":"investigation/inform","items":["debt-plan"],"why":"to plan"}}`},
	"message.permission": {
		`{"iss":"00000099000003003000:probation","aud":"00000099000001001000:investigation","jti":"01938f2e-7c1a-7b3e-9d5a-0c1b2a394857","iat":1764072000,"exp":1769256000,"exchange":"01938f2e-7c1a-7b3e-9d5a-0c1b2a394858","follows":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","body":{"request":"01938f2e-7c1a-7b3e-9d5a-0c1b2a394857","granted":true,"recipient":"00000099000004004000:youth-care","purpose":"investigation/inform","items":["debt-plan"],"until":"2026-12-01T00:00:00Z","uses":1}}`,
		`{"iss":"00000099000003003000:probation","aud":"00000099000001001000:investigation","jti":"01938f2e-7c1a-7b3e-9d5a-0c1b2a394857","iat":1764072000,"exp":1769256000,"exchange":"01938f2e-7c1a-7b3e-9d5a-0c1b2a394858","follows":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","body":{"request":"01938f2e-7c1a-7b3e-9d5a-0c1b2a394857","granted":false,"tell":"ask him"}}`,
	},
	"message.permission-withdrawal": {`{"iss":"00000099000003003000:probation","aud":"00000099000001001000:investigation","jti":"01938f2e-7c1a-7b3e-9d5a-0c1b2a394857","iat":1764072000,"exp":1769256000,"exchange":"01938f2e-7c1a-7b3e-9d5a-0c1b2a394858","follows":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","body":{"request":"01938f2e-7c1a-7b3e-9d5a-0c1b2a394857"}}`},
	"message.notice":                {`{"iss":"00000099000003003000:probation","aud":"00000099000001001000:investigation","jti":"01938f2e-7c1a-7b3e-9d5a-0c1b2a394857","iat":1764072000,"exp":1769256000,"exchange":"01938f2e-7c1a-7b3e-9d5a-0c1b2a394858","body":{"passing":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","links":["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]}}`},
	"message.correction": {
		`{"iss":"00000099000003003000:probation","aud":"00000099000001001000:investigation","jti":"01938f2e-7c1a-7b3e-9d5a-0c1b2a394857","iat":1764072000,"exp":1769256000,"exchange":"01938f2e-7c1a-7b3e-9d5a-0c1b2a394858","body":{"kind":"rectification","_sd":["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"],"_sd_alg":"sha-256"}}`,
		`{"iss":"00000099000003003000:probation","aud":"00000099000001001000:investigation","jti":"01938f2e-7c1a-7b3e-9d5a-0c1b2a394857","iat":1764072000,"exp":1769256000,"exchange":"01938f2e-7c1a-7b3e-9d5a-0c1b2a394858","body":{"kind":"erasure","items":["debt-plan"],"passing":"01938f2e-7c1a-7b3e-9d5a-0c1b2a394857"}}`,
	},
	"message.conference-invitation": {
		claims(`{"purpose":"conference/investigation","trigger":{"code":"party-request","on":"2026-11-20"},"subject":{"standing":"client","name":"J. Fictief","born":"1980-02-29","address":"Voorbeeldstraat 1"},
			"question":"who does what first","why":"it runs the tenancy","client":true,"invited":["`+asker+`","`+asked+`"],"ends":"2026-12-01T12:00:00Z"}`, false),
	},
	"message.conference-answer":       {claims(`{"coming":true}`, false)},
	"message.conference-contribution": {claims(`{"contribution":"`+uuid+`","items":[{"item":"supervision-running","depth":"process","value":"until March","of":"`+asked+`"}]}`, false)},
	"message.conference-closing":      {claims(`{}`, false)},
	"config": {
		`{"listen":["/ip4/0.0.0.0/tcp/4001"],"announce":[],"quic":true,"limits":{"min_free_bytes":0,"per_ip":1,"streams_per_peer":1},"decisions":{"four_eyes":["triage"]},
		"register":{"exchange_every":"1h30m"},"delivery":{"first_pause":"1s","longest_pause":"10m","at_once":1},"witness":{"every":"24h","pause":"1m","gossip":true},"mirror":{"listen":"127.0.0.1:4180","entries":false},"log":{"level":"info","format":"text"}}`,
		`{}`,
	},
	"root": {
		`{"version":1,"issued":"2026-11-23T12:00:00Z","expires":"2027-11-23T12:00:00Z","threshold":1,"keys":[` + jwk + `]}`,
	},
	"register": {
		`{"version":1,"issued":"2026-11-23T12:00:00Z","expires":"2027-02-23T12:00:00Z","root":1,"parties":[{"oin":"00000099000003003000",
		"name":"reclassering Noord","capacities":[{"code":"probation","domain":"probation","task":"service","regime":"wjsg","mayProcessBsn":true,
		"special":["criminal"]}],"peer":"12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5","addresses":["/ip4/192.0.2.1/tcp/4001"],
		"keys":[{"jwk":` + jwk + `,"from":"2026-11-23T12:00:00Z","until":"2027-11-23T12:00:00Z","revokedAt":"2027-01-01T00:00:00Z"}],
		"recipients":["age1pq17l4t443rvuy68"],"checkpoint":"sluis.invalid/ledger/1+41cc7e24+Ae1JKMYo0cLG6ukDOJBZlWEpWSc6XGP5NjbBRhSshzfR",
		"witness":"sluis.invalid/witness/00000099000000001000+03d92fa3+BD1AF8PoQ4lakrcKp00bfrycmCzPLsSWjMDNVfEq9GYM",
		"contact":{"name":"Loket","email":"loket@voorbeeld.invalid","phone":"+31 85 000 0000"}}],
		"catalogues":[{"name":"purposes","version":1,"sha256":"` + strings.Repeat("0", 64) + `"}]}`,
	},
}

func TestExamplesFit(t *testing.T) {
	for name, all := range examples {
		for _, e := range all {
			if err := schemas.Validate(name, []byte(e)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestNamesAreComplete(t *testing.T) {
	for _, name := range schemas.Names() {
		if len(examples[name]) == 0 {
			t.Errorf("no example for %s", name)
		}
		if _, ok := schemas.Schema(name); !ok {
			t.Errorf("schema %s has no text", name)
		}
	}
	if _, ok := schemas.Schema("../go.mod"); ok {
		t.Error("a schema is read from outside")
	}
	if err := schemas.Validate("message.gossip", []byte(`{}`)); err == nil {
		t.Error("a schema that does not exist accepts a document")
	}
}

// Each line breaks one rule; the error must name the place and the rule.
func TestWhatIsRefused(t *testing.T) {
	long := strings.Repeat("x", 2001)
	for _, c := range []struct{ schema, old, new, want string }{
		{"message.request", `"iss":"` + asker, `"iss":"` + asker[1:], "/iss: pattern"},
		{"message.request", `:investigation"`, `:Investigation"`, "/iss: pattern"},
		{"message.request", `"aud":"` + asked + `",`, ``, "document: required aud"},
		{"message.request", `1795440000`, `1795440000.5`, "document: number"},
		{"message.request", `1795440000`, `1e9`, "document: number"},
		{"message.request", `1795440000`, `-1`, "/iat: minimum"},
		{"message.request", `1795440000`, `999999999999999`, "/iat: maximum"},
		{"message.request", `1795440000`, `"1795440000"`, "/iat: type"},
		{"message.request", `"jti":"0193a0b0`, `"jti":"0193A0B0`, "/jti: pattern"},
		{"message.request", `"body":`, `"follows":"` + digest + `","body":`, "document: additionalProperties"},
		{"message.request", `"iss"`, `"ISS"`, "document: additionalProperties"},
		{"message.request", `"triage"`, `"Triage"`, "/body/purpose: pattern"},
		{"message.request", `"bsn":"999993847"`, `"bsn":"99999384"`, "/body/subject/bsn: pattern"},
		{"message.request", `"bsn":"999993847"`, `"bsn":999993847`, "/body/subject/bsn: type"},
		{"message.request", `"bsn":"999993847"`, `"bsn":"999993847","name":"J. Fictief"`, "/body/subject: maxProperties"},
		{"message.request", `"born":"1980-02-29",`, ``, "/body/subject: required born"},
		{"message.request", `1980-02-29`, `1981-02-29`, "/body/subject/born: format"},
		{"message.request", `to plan help at home`, long, "/body/specific: maxLength"},
		{"message.request", `to plan help at home`, ``, "/body/specific: minLength"},
		{"message.request", `"depth":"process"`, `"depth":"all"`, "/body/items/0/depth: enum"},
		{"message.request", `,"why":"to plan appointments"`, ``, "/body/items/0: required why"},
		{"message.request", `"items":[`, `"items":[` + strings.Repeat(`{"item":"a","depth":"that","why":"x"},`, 30), "/body/items: maxItems"},
		{"message.request", `"shareWith":["debts"]`, `"shareWith":["debts","De buren"]`, "/body/shareWith/1: pattern"},
		{"message.request", `"shareWith":["debts"]`, `"shareWith":[` + strings.Repeat(`"a",`, 20) + `"a"]`, "/body/shareWith: maxItems"},
		{"message.request", `not-yet-informed`, `unknown`, "/body/involvement/state: enum"},
		{"message.request", `2027-01-04T12:00:00Z`, `2027-01-04T12:00:00+01:00`, "/body/due: maxLength"},
		{"message.request", `2027-01-04T12:00:00Z`, `2027-13-04T12:00:00Z`, "/body/due: format"},
		{"message.answer", `"follows":"` + digest + `",`, ``, "document: required follows"},
		{"message.answer", digest, digest + "=", "/follows: maxLength"},
		{"message.answer", `"_sd":["` + digest + `"]`, `"_sd":[]`, "/body/_sd: minItems"},
		{"message.answer", `"_sd":["` + digest + `"]`, `"_sd":["x"]`, "/body/_sd/0: pattern"},
		{"message.answer", `sha-256`, `sha-1`, "/body/_sd_alg: const"},
		{"message.answer", `2027-06-01`, `1 June`, "/body/policy/obligation/0/constraint/0/rightOperand/@value: format"},
		{"policy", `"Set"`, `"Agreement"`, "/@type: const"},
		{"policy", `"assigner"`, `"assignee":"x","assigner"`, "document: additionalProperties"},
		{"policy", `"duty":[`, `"duty":[],"x":[`, "/permission/0: additionalProperties"},
		{"policy", `"action":"delete"`, `"action":"use"`, "/obligation/0/action: const"},
		{"policy", `"operator":"lt","rightOperand":{"@value"`, `"operator":"gt","rightOperand":{"@value"`, "/obligation/0/constraint/0/operator: const"},
		{"message.answer", `.123Z`, `.1234Z`, "/body/decided: maxLength"},
		{"message.withdrawal", `"body":{}`, `"body":{"why":"x"}`, "/body: additionalProperties"},
		{"message.withdrawal", `"body":{}`, `"body":null`, "/body: type"},
		{"message.receipt", `c2x1aXM=`, `c2x1a-M=`, "/body/entry: pattern"},
		{"message.receipt", `"proof":[`, `"proof":["x",`, "/body/proof/0: pattern"},
		{"message.receipt", `"proof":[`, `"proof":[` + strings.Repeat(`"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",`, 64), "/body/proof: maxItems"},
		{"disclosure.item", `"depth":"process",`, ``, "document: required depth"},
		{"disclosure.item", `"value":"Supervision since February",`, ``, "document: required value"},
		{"disclosure.item", `"outcome":"withhold"`, `"outcome":"withhold","value":"x"`, "/value: not allowed here"},
		{"disclosure.item", `"outcome":"withhold"`, `"outcome":"withhold","depth":"that"`, "/depth: not allowed here"},
		{"disclosure.item", `"outcome":"withhold"`, `"outcome":"maybe"`, "/outcome: enum"},
		{"root", `"threshold":1`, `"threshold":0`, "/threshold: minimum"},
		{"root", `Ed25519`, `Ed448`, "/keys/0/crv: const"},
		{"register", `"oin":"000000`, `"oin":"100000`, "/parties/0/oin: pattern"},
		{"register", `wjsg`, `none-of-all`, "/parties/0/capacities/0/regime: enum"},
		{"register", `/tcp/4001`, `/tcp/40 01`, "/parties/0/addresses/0: pattern"},
		{"register", `"from":"2026-11-23T12:00:00Z",`, ``, "/parties/0/keys/0: required from"},
		{"register", `"phone"`, `"fax"`, "/parties/0/contact: additionalProperties"},
		{"config", `"per_ip":1`, `"per_ip":0`, "/limits/per_ip: minimum"},
		{"config", `"per_ip":1`, `"perIP":1`, "/limits: additionalProperties"},
		{"config", `1h30m`, `daily`, "/register/exchange_every: pattern"},
		{"config", `"/ip4/0.0.0.0/tcp/4001"`, `"0.0.0.0:4001"`, "/listen/0: pattern"},
		{"config", `{`, `[{`, "document: json"},
		{"config", `}`, `}}`, "document: json"},
		{"config", `"quic"`, "\"\xff\"", "document: utf-8"},
		{"config", `"announce":[]`, `"announce":[` + strings.Repeat(`1,`, 5000) + `1]`, "document: too many values"},
	} {
		document := ""
		for _, e := range examples[c.schema] {
			if strings.Contains(e, c.old) && document == "" {
				document = e
			}
		}
		if document == "" {
			t.Fatalf("no example of %s has %q", c.schema, c.old)
		}
		document = strings.Replace(document, c.old, c.new, 1)
		err := schemas.Validate(c.schema, []byte(document))
		var m *schemas.Mismatch
		if !errors.As(err, &m) || m.Error() != c.want {
			t.Errorf("%s with %.40q: %v, want %s", c.schema, c.new, err, c.want)
		}
	}
}

// Whatever is wrong, the error holds nothing of the document: a number, a name
// or a text in any place, as value or as member name, with any type.
func TestErrorsHoldNoValue(t *testing.T) {
	const number, name, secret = "999993847", "J. Fictief", "zz-secret"
	refused := 0
	for schema, all := range examples {
		for _, e := range all {
			var document any
			if err := json.Unmarshal([]byte(e), &document); err != nil {
				t.Fatal(err)
			}
			for _, bad := range variants(document, []any{
				number, name, secret, 999993847, map[string]any{number: name}, map[string]any{name: map[string]any{secret: number}},
				[]any{number, map[string]any{number: secret}}, strings.Repeat(secret, 9000),
			}) {
				text, err := json.Marshal(bad)
				if err != nil {
					t.Fatal(err)
				}
				err = schemas.Validate(schema, text)
				if err == nil {
					continue
				}
				refused++
				for _, leak := range []string{number, name, secret, "Fictief", "99999"} {
					if strings.Contains(err.Error(), leak) {
						t.Errorf("%s: the error tells %q: %v", schema, leak, err)
					}
				}
			}
		}
	}
	if refused < 200 {
		t.Errorf("only %d documents were refused; the test sees too little", refused)
	}
}

// variants returns the document with each value replaced by each plant, and
// each object with each plant added under a strange name.
func variants(document any, plants []any) (all []any) {
	all = append(all, plants...)
	switch v := document.(type) {
	case map[string]any:
		for key, value := range v {
			for _, changed := range variants(value, plants) {
				all = append(all, with(v, key, changed))
			}
		}
		for _, key := range []string{"999993847", "J. Fictief", "zz-secret/0", "bsn~1"} {
			for _, p := range plants {
				all = append(all, with(v, key, p))
			}
		}
	case []any:
		for i, value := range v {
			for _, changed := range variants(value, plants) {
				list := append([]any(nil), v...)
				list[i] = changed
				all = append(all, list)
			}
		}
	}
	return all
}

func with(object map[string]any, key string, value any) map[string]any {
	out := map[string]any{key: value}
	for k, v := range object {
		if k != key {
			out[k] = v
		}
	}
	return out
}

// The same document gives the same error, in whatever order it is walked.
func TestErrorIsStable(t *testing.T) {
	document := []byte(strings.NewReplacer(`"iat"`, `"x"`, `"purpose"`, `"y"`, `"state"`, `"z"`, `"depth"`, `"w"`).Replace(examples["message.request"][0]))
	want := schemas.Validate("message.request", document)
	for range 100 {
		if got := schemas.Validate("message.request", document); got == nil || got.Error() != want.Error() {
			t.Fatalf("got %v, then %v", want, got)
		}
	}
}

// The vectors of the protocol documents fit the schemas too.
func TestRegisterVectorsFit(t *testing.T) {
	document, err := os.ReadFile("../docs/protocol/20-register.md")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int{}
	for _, line := range strings.Split(string(document), "\n") {
		name := ""
		switch {
		case !strings.HasPrefix(line, `{"version":`):
			continue
		case strings.Contains(line, `"parties":`):
			name = "register"
		case strings.Contains(line, `"threshold":`):
			name = "root"
		}
		found[name]++
		if err := schemas.Validate(name, []byte(line)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if found["register"] == 0 || found["root"] == 0 {
		t.Errorf("the document has %v", found)
	}
}

// The example has every key that the schema knows, with its default.
func TestConfigExample(t *testing.T) {
	var config map[string]any
	if err := toml.Unmarshal(schemas.ConfigExample(), &config); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	if err := schemas.Validate("config", text); err != nil {
		t.Error(err)
	}
	schema, _ := schemas.Schema("config")
	var root map[string]any
	if err := json.Unmarshal(schema, &root); err != nil {
		t.Fatal(err)
	}
	var compare func(string, map[string]any, map[string]any)
	compare = func(path string, schema, value map[string]any) {
		for name, s := range schema["properties"].(map[string]any) {
			s := s.(map[string]any)
			v, ok := value[name]
			if !ok {
				t.Errorf("the example lacks %s%s", path, name)
				continue
			}
			if group, ok := v.(map[string]any); ok && s["properties"] != nil {
				compare(path+name+".", s, group)
				continue
			}
			want, stated := s["default"]
			if a, b := fmt.Sprint(v), fmt.Sprint(want); stated && a != b && fmt.Sprintf("%.0f", want) != a {
				t.Errorf("%s%s is %s in the example, %s in the schema", path, name, a, b)
			}
		}
	}
	compare("", root, config)
}

func FuzzValidate(f *testing.F) {
	for name, all := range examples {
		for _, e := range all {
			f.Add(name, []byte(e))
		}
	}
	f.Add("message.request", []byte(`{"iat":1e999999}`))
	f.Add("config", []byte(`{"limits":{"limits":{"0":[[[]]]}}}`))
	f.Fuzz(func(t *testing.T, name string, document []byte) {
		err := schemas.Validate(name, document)
		var m *schemas.Mismatch
		if errors.As(err, &m) && (len(m.Place) > 200 || len(m.Rule) > 200) {
			t.Errorf("an error of %d bytes", len(m.Error()))
		}
		if err == nil && !json.Valid(document) {
			t.Error("accepts what is not JSON")
		}
	})
}

func bigRequest(tb testing.TB) []byte {
	tb.Helper()
	var items []string
	for i := range 8 {
		items = append(items, fmt.Sprintf(`{"item":"supervision-%d","depth":"process","why":"%s"}`, i, strings.Repeat("to plan appointments ", 7)))
	}
	return []byte(strings.Replace(examples["message.request"][0], `{"item":"supervision-running","depth":"process","why":"to plan appointments"}`, strings.Join(items, ","), 1))
}

func BenchmarkRequest(b *testing.B) {
	document := bigRequest(b)
	b.SetBytes(int64(len(document)))
	b.ReportAllocs()
	for b.Loop() {
		if err := schemas.Validate("message.request", document); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDisclosure(b *testing.B) {
	document := []byte(examples["disclosure.item"][0])
	for b.Loop() {
		if err := schemas.Validate("disclosure.item", document); err != nil {
			b.Fatal(err)
		}
	}
}

// The most expensive document found: as many wrong values as are read.
func BenchmarkHostile(b *testing.B) {
	document := []byte(claims(`{"items":[`+strings.Repeat(`{},`, 4000)+`{}]}`, false))
	b.SetBytes(int64(len(document)))
	for b.Loop() {
		if err := schemas.Validate("message.request", document); err == nil {
			b.Fatal("accepted")
		}
	}
}
