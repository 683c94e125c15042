package serverless

import (
	"fmt"
	"path"

	"go.yaml.in/yaml/v3"
)

// Split says the same in component scf, one file for each function, for
// releases of multi-scf that do not know the http trigger. It returns the
// files by their path: serverless.yml, which holds what they share, and
// callback/serverless.yml and so on, to stand beside the folder dist. The
// functions keep their names, and secrets stay ${env:X}.
func (f *File) Split() (map[string][]byte, error) {
	type event map[string]struct {
		Parameters yaml.Node `yaml:"parameters"`
	}
	type environment struct {
		Variables map[string]string `yaml:"variables"`
	}
	type inputs struct {
		Name        string      `yaml:"name"`
		Src         string      `yaml:"src"`
		Region      string      `yaml:"region,omitempty"`
		Type        string      `yaml:"type"`
		Runtime     string      `yaml:"runtime"`
		Handler     string      `yaml:"handler"`
		MemorySize  int         `yaml:"memorySize"`
		Timeout     int         `yaml:"timeout"`
		Role        string      `yaml:"role,omitempty"`
		Environment environment `yaml:"environment,omitempty"`
		Events      []event     `yaml:"events"`
	}
	type single struct {
		Component string `yaml:"component"`
		Name      string `yaml:"name"`
		Inputs    inputs `yaml:"inputs"`
	}

	// As written: values of variables as ${env:X}, parameters of triggers as
	// they are.
	var written File
	if err := f.doc.Content[0].Decode(&written); err != nil {
		return nil, err
	}
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

	files := map[string][]byte{}
	var err error
	files["serverless.yml"], err = encode(struct {
		App   string `yaml:"app"`
		Stage string `yaml:"stage"`
	}{f.App, f.Stage})
	if err != nil {
		return nil, err
	}
	for key, fn := range f.Inputs.Functions {
		s := single{Component: "scf", Name: f.Name + "-" + key, Inputs: inputs{
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
		for _, v := range written.Variables(key) {
			if s.Inputs.Environment.Variables == nil {
				s.Inputs.Environment.Variables = map[string]string{}
			}
			s.Inputs.Environment.Variables[v.Key] = v.Value
		}
		for _, t := range triggers {
			if t.Type == "apigw" {
				return nil, fmt.Errorf("an apigw trigger is written otherwise in component scf (endpoints for apis): split by hand, or use http")
			}
			if t.Function == key {
				e := event{}
				entry := e[t.Type]
				entry.Parameters = t.Parameters
				e[t.Type] = entry
				s.Inputs.Events = append(s.Inputs.Events, e)
			}
		}
		if files[path.Join(key, "serverless.yml")], err = encode(s); err != nil {
			return nil, err
		}
	}
	return files, nil
}
