package peer

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// checkSpans finds time spans that are written as a bare number. The library takes
// one for nanoseconds, so that a backup every = 24 would be made without a pause.
func checkSpans(text []byte) error {
	var tree map[string]any
	if err := toml.Unmarshal(text, &tree); err != nil {
		return fmt.Errorf("%s: %v", configFile, err)
	}
	if key := bareSpan(reflect.TypeFor[Config](), tree); key != "" {
		return fmt.Errorf("%s: %s must be %s", configFile, key, kinds["peer.Duration"])
	}
	return nil
}

// bareSpan is the key of a time span in tree that is no text, or "". t is the type
// that tree is read into.
func bareSpan(t reflect.Type, tree any) string {
	switch in := tree.(type) {
	case []any:
		for _, each := range in {
			if key := bareSpan(t.Elem(), each); key != "" {
				return key
			}
		}
	case map[string]any:
		if t.Kind() != reflect.Struct {
			return ""
		}
		for name, value := range in {
			field, known := t.FieldByNameFunc(func(field string) bool {
				f, _ := t.FieldByName(field)
				return strings.EqualFold(f.Tag.Get("toml"), name) // as the library compares them
			})
			if !known {
				continue
			}
			of := field.Type
			if of.Kind() == reflect.Pointer {
				of = of.Elem()
			}
			_, isText := value.(string)
			if of == reflect.TypeFor[Duration]() && !isText {
				return name
			}
			if key := bareSpan(of, value); key != "" {
				return name + "." + key
			}
		}
	}
	return ""
}
