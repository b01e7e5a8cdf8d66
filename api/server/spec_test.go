package server_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi/utils"

	"sluis/schemas"
)

var update = flag.Bool("update", false, "write what is generated from openapi.yaml")

// What is made from openapi.yaml stands in the tree and is what the yaml says.
func TestGeneratedIsFresh(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := utils.ConvertYAMLtoJSON(schemas.OpenAPI())
	if err != nil {
		t.Fatal(err)
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, asJSON, "", " "); err != nil {
		t.Fatal(err)
	}
	indented.WriteByte('\n')
	compare(t, filepath.Join(root, "schemas/openapi.json"), indented.Bytes())
	for config, target := range map[string]string{"generate.yaml": "api.gen.go", "server/generate.yaml": "server/server.gen.go"} {
		made := filepath.Join(t.TempDir(), filepath.Base(target))
		// #nosec G204 -- the arguments are those above
		cmd := exec.Command("go", "tool", "-modfile="+filepath.Join(root, "scripts/tools.mod"), "oapi-codegen",
			"-config", config, "-o", made, filepath.Join(root, "schemas/openapi.yaml"))
		cmd.Dir = filepath.Join(root, "api")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("oapi-codegen: %v\n%s", err, out)
		}
		fresh, err := os.ReadFile(made)
		if err != nil {
			t.Fatal(err)
		}
		compare(t, filepath.Join(root, "api", target), fresh)
	}
}

func compare(t *testing.T, path string, want []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, want) {
		t.Errorf("%s is not what schemas/openapi.yaml says; run go test ./api/server -run Generated -update", filepath.Base(path))
	}
}

// contract is the document as the validator reads it.
func contract(t *testing.T) validator.Validator {
	t.Helper()
	doc, err := libopenapi.NewDocument(schemas.OpenAPI())
	if err != nil {
		t.Fatal(err)
	}
	v, errs := validator.NewValidator(doc)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	t.Cleanup(v.Release)
	return v
}

func TestSpecificationIsValid(t *testing.T) {
	if ok, errs := contract(t).ValidateDocument(); !ok {
		for _, e := range errs {
			t.Error(e.Message, e.Reason)
		}
	}
}
