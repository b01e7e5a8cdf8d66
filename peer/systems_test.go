package peer_test

import (
	"strings"
	"testing"
	"time"

	"sluis/peer"
)

const apiConfig = `[api]
listen = "127.0.0.1:8444"
public_url = "https://sluis.example.nl:8444"
tls_cert = "node.pem"
tls_key = "node-key.pem"
client_ca = "ca.pem"

[api.tokens]
issuer = "https://login.example.nl"
keys_url = "https://login.example.nl/keys"

[[api.clients]]
name = "zaaksysteem"
fingerprints = ["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"]
client_id = "zaaksysteem"
scopes = ["verzoeken:lezen"]
capacities = ["investigation"]
staff = ["a.jansen"]

[api.clients.webhook]
url = "https://zaaksysteem.example.nl/sluis"
secret_file = "zaaksysteem.key"
`

func TestConfigOfSystems(t *testing.T) {
	c, err := peer.ParseConfig([]byte(apiConfig))
	if err != nil {
		t.Fatal(err)
	}
	one := c.API.Clients[0]
	if one.PerMinute != 600 || time.Duration(one.Webhook.GiveUpAfter) != 24*time.Hour || !c.API.Tokens.Bound || c.API.Tokens.Audience != "https://sluis.example.nl:8444" {
		t.Errorf("the defaults are %+v", c.API)
	}
	second := apiConfig[strings.Index(apiConfig, "[[api.clients]]"):]
	for old, change := range map[string]struct{ to, want string }{
		`"https://sluis.example.nl:8444"`: {`"http://sluis.example.nl:8444"`, "https"},
		`tls_cert = "node.pem"`:           {``, "tls_cert"},
		`client_ca = "ca.pem"`:            {``, "client_ca"},
		`"https://login.example.nl/keys"`: {`"http://login.example.nl/keys"`, "not https"},
		`client_id = "zaaksysteem"`:       {``, "client_id"},
		`["verzoeken:lezen"]`:             {`["verzoeken:beslissen"]`, "no scope"},
		`["investigation"]`:               {`[]`, "say what it may do"},
		`["a.jansen"]`:                    {`[]`, "say what it may do"},
		`"9f86d081`:                       {`"9F:86`, "hexadecimal"},
		`name = "zaaksysteem"`:            {`name = "Zaak Systeem"`, "name"},
		`"https://zaaksysteem.example`:    {`"http://zaaksysteem.example`, "scheme https"},
		`example.nl/sluis"`:               {`example.nl/sluis?key=geheim"`, "secret_file"},
		`secret_file = "zaaksysteem.key"`: {second, "the same name"},
	} {
		_, err := peer.ParseConfig([]byte(strings.Replace(apiConfig, old, change.to, 1)))
		if change.want == "the same name" {
			_, err = peer.ParseConfig([]byte(apiConfig + second))
		}
		if err == nil || !strings.Contains(err.Error(), change.want) {
			t.Errorf("%s -> %s: got %v, want an error with %q", old, change.to, err, change.want)
		}
		if err != nil && strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: the error tells a secret", old)
		}
	}
}
