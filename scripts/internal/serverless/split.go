package serverless

import (
	"errors"
	"path"

	"go.yaml.in/yaml/v3"
)

// The files of component scf.
type (
	shared struct {
		App   string `yaml:"app"`
		Stage string `yaml:"stage"`
	}
	single struct {
		Component string       `yaml:"component"`
		Name      string       `yaml:"name"`
		Inputs    singleInputs `yaml:"inputs"`
	}
	singleInputs struct {
		Name        string            `yaml:"name"`
		Src         string            `yaml:"src"`
		Region      string            `yaml:"region,omitempty"`
		Type        string            `yaml:"type"`
		Runtime     string            `yaml:"runtime"`
		Handler     string            `yaml:"handler"`
		MemorySize  int               `yaml:"memorySize"`
		Timeout     int               `yaml:"timeout"`
		Role        string            `yaml:"role,omitempty"`
		Environment singleEnvironment `yaml:"environment,omitempty"`
		Events      []singleEvent     `yaml:"events"`
	}
	singleEnvironment struct {
		Variables map[string]string `yaml:"variables"`
	}
	singleEvent      map[string]singleParameters // by type of trigger
	singleParameters struct {
		Parameters yaml.Node `yaml:"parameters"`
	}
)

// Split writes the same deployment for the component scf, which has a file for
// each function. It is for releases of multi-scf without the http trigger. The
// files are returned by their path: serverless.yml, which has what all share, and
// callback/serverless.yml and so on. They belong beside the folder dist. The
// functions keep their names, and secrets stay ${env:X}.
func (f *File) Split() (map[string][]byte, error) {
	// As written: values of variables as ${env:X}.
	var written File
	if err := f.doc.Content[0].Decode(&written); err != nil {
		return nil, err
	}
	events, err := f.eventsAsWritten()
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	if files["serverless.yml"], err = encode(shared{f.App, f.Stage}); err != nil {
		return nil, err
	}
	for key := range f.Inputs.Functions {
		s := f.single(key)
		s.Inputs.Events = events[key]
		for _, v := range written.Variables(key) {
			if s.Inputs.Environment.Variables == nil {
				s.Inputs.Environment.Variables = map[string]string{}
			}
			s.Inputs.Environment.Variables[v.Key] = v.Value
		}
		if files[path.Join(key, "serverless.yml")], err = encode(s); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// single returns one function without its variables and triggers.
func (f *File) single(key string) single {
	fn := f.Inputs.Functions[key]
	return single{Component: "scf", Name: f.Name + "-" + key, Inputs: singleInputs{
		Name:       f.FunctionName(key),
		Src:        path.Join("..", f.Inputs.Src.Src),
		Region:     f.Inputs.Region,
		Type:       "event",
		Runtime:    first(fn.Runtime, f.Inputs.Runtime),
		Handler:    fn.Handler,
		MemorySize: first(fn.MemorySize, f.Inputs.MemorySize),
		Timeout:    first(fn.Timeout, f.Inputs.Timeout),
		Role:       first(fn.Role, f.Inputs.Role),
	}}
}

// eventsAsWritten returns the triggers of each function, with their parameters as
// written in the file.
func (f *File) eventsAsWritten() (map[string][]singleEvent, error) {
	var triggers []struct {
		Type       string    `yaml:"type"`
		Function   string    `yaml:"function"`
		Parameters yaml.Node `yaml:"parameters"`
	}
	if n := member(member(f.doc.Content[0], "inputs"), "triggers"); n != nil {
		if err := n.Decode(&triggers); err != nil {
			return nil, err
		}
	}
	events := map[string][]singleEvent{}
	for _, t := range triggers {
		if t.Type == "apigw" {
			return nil, errors.New("component scf writes an apigw trigger in another way (endpoints for apis): split by hand, or use http")
		}
		events[t.Function] = append(events[t.Function], singleEvent{t.Type: {t.Parameters}})
	}
	return events, nil
}
