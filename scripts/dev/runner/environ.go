package runner

import (
	"slices"
	"strings"
	"unicode"

	"vodevents/shared/config"
	"vodevents/shared/credentials"
	"vodevents/shared/event"
	"vodevents/shared/sink"
)

// Environ is a process's environment, as os.Environ gives it.
type Environ []string

// Get is the value of a variable; the last one counts.
func (e Environ) Get(name string) string {
	for _, v := range slices.Backward(e) {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	return ""
}

// ForFunctions is the environment in which the functions are started: the
// user's, without what would have them run in another way or with other keys.
// SINK and CALLBACK_SIGN_KEY are given with each event, as SCF gives all.
func (e Environ) ForFunctions(endpoint string, keys credentials.Credentials) Environ {
	out := slices.DeleteFunc(slices.Clone(e), func(v string) bool {
		return strings.HasPrefix(v, "TENCENTCLOUD_") || strings.HasPrefix(v, "LISTEN_ADDR=")
	})
	if endpoint != "" {
		out = append(out, "VOD_ENDPOINT="+endpoint)
	}
	if e.Get("LOG_LEVEL") == "" {
		out = append(out, "LOG_LEVEL=debug") // the page shows what they log of each event
	}
	return append(out, "VOD_SECRET_ID="+keys.SecretId, "VOD_SECRET_KEY="+keys.SecretKey, "VOD_TOKEN="+keys.Token)
}

// Sink is the functions' SINK: what the user set, and in front of it stdout:, by
// which dev sees every event that any sink wants.
func (e Environ) Sink() string {
	urls := slices.DeleteFunc(strings.Fields(e.Get("SINK")), func(u string) bool {
		rest, _, _ := strings.Cut(u, "?")
		return rest == "stdout:"
	})
	return strings.Join(slices.Insert(urls, 0, sink.WithTypes("stdout:", e.Types())), " ")
}

// Types are the EventTypes that any sink of the user's wants. An entry that
// cannot be read counts for all: the functions say what is wrong with it.
func (e Environ) Types() (all event.Types) {
	for i, u := range strings.Fields(e.Get("SINK")) {
		types, err := sink.Types(u)
		switch {
		case err != nil:
			return event.Types{}
		case i == 0:
			all = types
		default:
			all = all.Or(types)
		}
	}
	return all
}

// SignKeys are those of CALLBACK_SIGN_KEY.
func (e Environ) SignKeys() []string {
	return strings.FieldsFunc(e.Get("CALLBACK_SIGN_KEY"), func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
}

// Variable is one of the functions' environment, for show.
type Variable struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Show lists the functions' variables that are set, without secrets.
func (e Environ) Show() []Variable {
	list := []Variable{}
	for _, v := range config.Variables {
		if value := e.Get(v.Name); value != "" && v.Place == config.Anywhere {
			list = append(list, Variable{v.Name, v.Show(value)})
		}
	}
	return list
}
