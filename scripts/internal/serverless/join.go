package serverless

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"

	"go.yaml.in/yaml/v3"
)

// Join returns the text of a serverless.yml as one of multi-scf. If the text has no
// component, it is the shared file of component scf, whose functions have a file
// each in a folder of dir, as [File.Split] writes them. The folder's name is the
// function's key.
func Join(text []byte, dir string) ([]byte, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return nil, err
	}
	if root.Kind != yaml.DocumentNode || root.Content[0].Kind != yaml.MappingNode || member(root.Content[0], "component") != nil {
		return text, nil
	}
	var all joined
	if err := root.Decode(&all.shared); err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(dir, "*", "serverless.yml"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, errors.New("it has no component, and no folder beside it has a serverless.yml")
	}
	all.Component = "multi-scf"
	all.Inputs.Functions = map[string]joinedFunction{}
	for _, file := range slices.Sorted(slices.Values(files)) {
		if err := all.add(file); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	return encode(all)
}

// The file of multi-scf that is made of those of scf.
type (
	joined struct {
		shared    `yaml:",inline"`
		Component string       `yaml:"component"`
		Name      string       `yaml:"name"`
		Inputs    joinedInputs `yaml:"inputs"`
	}
	joinedInputs struct {
		Src       string                    `yaml:"src"`
		Region    string                    `yaml:"region"`
		Functions map[string]joinedFunction `yaml:"functions"`
		Triggers  []joinedTrigger           `yaml:"triggers"`
	}
	joinedFunction struct {
		Name         string     `yaml:"name"`
		Type         string     `yaml:"type"`
		Runtime      string     `yaml:"runtime"`
		Handler      string     `yaml:"handler"`
		MemorySize   int        `yaml:"memorySize"`
		Timeout      int        `yaml:"timeout"`
		Role         string     `yaml:"role,omitempty"`
		Environments []Variable `yaml:"environments"`
	}
	joinedTrigger struct {
		Type       string    `yaml:"type"`
		Function   string    `yaml:"function"`
		Parameters yaml.Node `yaml:"parameters"`
	}
)

// add adds the file of one function.
func (j *joined) add(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var s single
	if err := yaml.Unmarshal(text, &s); err != nil {
		return err
	}
	if s.Component != "scf" {
		return fmt.Errorf("component %q: want scf, beside a file without a component", s.Component)
	}
	key, in := filepath.Base(filepath.Dir(file)), s.Inputs
	src := path.Join(key, in.Src)
	if j.Inputs.Src != "" && j.Inputs.Src != src || j.Inputs.Region != "" && j.Inputs.Region != in.Region {
		return errors.New("src and region must be the same in all functions")
	}
	j.Name, j.Inputs.Src, j.Inputs.Region = s.Name, src, in.Region
	fn := joinedFunction{in.Name, in.Type, in.Runtime, in.Handler, in.MemorySize, in.Timeout, in.Role, nil}
	for name, value := range in.Environment.Variables {
		fn.Environments = append(fn.Environments, Variable{Key: name, Value: value})
	}
	slices.SortFunc(fn.Environments, func(a, b Variable) int { return cmp.Compare(a.Key, b.Key) })
	j.Inputs.Functions[key] = fn
	for _, event := range in.Events {
		for kind, p := range event {
			j.Inputs.Triggers = append(j.Inputs.Triggers, joinedTrigger{kind, key, p.Parameters})
		}
	}
	return nil
}
