// Package serverless reads this repository's serverless.yml, of the component
// multi-scf, and checks it against the rules of SCF. The cloud checks most rules
// only during a deployment, and some never: a timer without enable: true is made
// disabled, and no events come.
package serverless

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// File is a parsed serverless.yml. Its fields have what the framework would send
// to the cloud: ${env:X}, ${stage}, ${app} and ${name} are replaced, and variables
// that are not set are left out.
type File struct {
	App       string `yaml:"app"`
	Stage     string `yaml:"stage"`
	Component string `yaml:"component"`
	Name      string `yaml:"name"`
	Inputs    Inputs `yaml:"inputs"`

	doc      yaml.Node // as written, but for the variables that are not set
	getenv   func(string) string
	findings []Finding // of reading
}

// Inputs is what concerns both functions.
type Inputs struct {
	Src            Source              `yaml:"src"`
	Region         string              `yaml:"region"`
	Type           string              `yaml:"type"`
	Runtime        string              `yaml:"runtime"`
	Role           string              `yaml:"role"`
	MemorySize     int                 `yaml:"memorySize"` // MB
	Timeout        int                 `yaml:"timeout"`    // s
	Environments   []Variable          `yaml:"environments"`
	Environment    yaml.Node           `yaml:"environment"` // component scf's spelling
	Functions      map[string]Function `yaml:"functions"`
	Triggers       []Trigger           `yaml:"triggers"`
	IgnoreTriggers bool                `yaml:"ignoreTriggers"`
}

// Source is the folder that is uploaded: a path, or a mapping with one.
type Source struct {
	Src string `yaml:"src"`
}

// UnmarshalYAML takes both forms.
func (s *Source) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		return n.Decode(&s.Src)
	}
	type mapping Source
	return n.Decode((*mapping)(s))
}

// Function is one function. What is missing in it comes from [Inputs].
type Function struct {
	Name         string     `yaml:"name"`
	Handler      string     `yaml:"handler"`
	Src          yaml.Node  `yaml:"src"`
	Type         string     `yaml:"type"`
	Runtime      string     `yaml:"runtime"`
	Role         string     `yaml:"role"`
	MemorySize   int        `yaml:"memorySize"`
	Timeout      int        `yaml:"timeout"`
	Environments []Variable `yaml:"environments"`
	Environment  yaml.Node  `yaml:"environment"`
}

// Variable is one environment variable.
type Variable struct {
	Key   string `yaml:"key"`
	Value string `yaml:"value"`
	Null  bool   `yaml:"-"` // there is no value, not even an empty one
}

// UnmarshalYAML notes a value that is missing or null.
func (v *Variable) UnmarshalYAML(n *yaml.Node) error {
	type plain Variable
	if err := n.Decode((*plain)(v)); err != nil {
		return err
	}
	value := member(n, "value")
	v.Null = value == nil || value.Tag == "!!null"
	return nil
}

// Trigger is one trigger of one function, or of several with apigw.
type Trigger struct {
	Type       string     `yaml:"type"`
	Function   string     `yaml:"function"`
	Parameters Parameters `yaml:"parameters"`
}

// Parameters are those of http, timer and apigw triggers together.
type Parameters struct {
	Name           string `yaml:"name"`
	Enable         *bool  `yaml:"enable"`
	AuthType       string `yaml:"authType"`
	CronExpression string `yaml:"cronExpression"`
	Argument       string `yaml:"argument"`
	NetConfig      struct {
		EnableExtranet bool `yaml:"enableExtranet"`
		EnableIntranet bool `yaml:"enableIntranet"`
	} `yaml:"netConfig"`
	Apis []struct {
		Function string `yaml:"function"`
	} `yaml:"apis"`
}

// Options of a deployment.
type Options struct {
	Stage  string              // in place of the file's, unless empty
	Region string              // likewise
	Getenv func(string) string // the variables for ${env:X}
}

// Parse reads a serverless.yml. An error means that the text is not such a file.
// [File.Check] finds what is wrong in it.
func Parse(text []byte, o Options) (*File, error) {
	f := &File{getenv: o.Getenv}
	if err := yaml.Unmarshal(text, &f.doc); err != nil {
		return nil, err
	}
	if f.doc.Kind != yaml.DocumentNode || f.doc.Content[0].Kind != yaml.MappingNode {
		return nil, errors.New("not a YAML mapping")
	}
	root := f.doc.Content[0]
	inputs := member(root, "inputs")
	if inputs == nil || inputs.Kind != yaml.MappingNode {
		return nil, errors.New("no mapping \"inputs\"")
	}
	if o.Stage != "" {
		setMember(root, "stage", o.Stage)
	}
	if o.Region != "" {
		setMember(inputs, "region", o.Region)
	}

	spellNulls(root, false)
	f.dropUnset(inputs)
	expanded := clone(root)
	for _, n := range []struct {
		name string
		to   *string
	}{{"app", &f.App}, {"stage", &f.Stage}, {"name", &f.Name}} {
		if v := member(expanded, n.name); v != nil {
			v.SetString(f.expand(n.name, v.Value))
			*n.to = v.Value
		}
	}
	if f.Stage == "" {
		f.Stage = "dev" // the framework's default
	}
	f.expandAll("", expanded)
	if err := expanded.Decode(f); err != nil {
		return nil, err
	}
	return f, nil
}

// Bytes returns the file to deploy: as written, with its comments, but without the
// variables that are not set, and with the stage and the region of [Options]. It
// keeps ${env:X}, so it contains no secrets.
func (f *File) Bytes() ([]byte, error) { return encode(&f.doc) }

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// FunctionName returns the function's name in the cloud.
func (f *File) FunctionName(key string) string {
	if name := f.Inputs.Functions[key].Name; name != "" {
		return name
	}
	return fmt.Sprintf("%s-%s-%s-%s", f.Name, f.Stage, f.App, key)
}

// Function returns a function with what it takes from [Inputs].
func (f *File) Function(key string) Function {
	fn, in := f.Inputs.Functions[key], f.Inputs
	fn.Name = f.FunctionName(key)
	fn.Type = first(fn.Type, first(in.Type, "event"))
	fn.Runtime = first(fn.Runtime, in.Runtime)
	fn.Role = first(fn.Role, in.Role)
	fn.MemorySize = first(fn.MemorySize, in.MemorySize)
	fn.Timeout = first(fn.Timeout, in.Timeout)
	fn.Environments = f.Variables(key)
	return fn
}

// Cron returns the expression of a function's first timer, or "" if it has none.
func (f *File) Cron(function string) string {
	for _, t := range f.Inputs.Triggers {
		if t.Type == "timer" && t.Function == function {
			return t.Parameters.CronExpression
		}
	}
	return ""
}

// Variables returns the variables of a function: its own, and those for all
// functions.
func (f *File) Variables(function string) []Variable {
	own := f.Inputs.Functions[function].Environments
	vars := slices.Clone(own)
	for _, v := range f.Inputs.Environments {
		if !slices.ContainsFunc(own, func(o Variable) bool { return o.Key == v.Key }) {
			vars = append(vars, v)
		}
	}
	return vars
}

// The framework's variables: ${env:X}, ${stage}, ${output:stage:app:name.path}.
var (
	reference = regexp.MustCompile(`\$\{[^{}]*\}`)
	onlyEnv   = regexp.MustCompile(`^\$\{env:([^{}]*)\}$`)
)

// dropUnset removes the variables whose value is a ${env:X} that is not set. The
// function would get the text "undefined".
func (f *File) dropUnset(inputs *yaml.Node) {
	drop := func(of *yaml.Node) {
		list := member(of, "environments")
		if list == nil || list.Kind != yaml.SequenceNode {
			return
		}
		list.Content = slices.DeleteFunc(list.Content, func(entry *yaml.Node) bool {
			v := member(entry, "value")
			if v == nil {
				return false
			}
			env := onlyEnv.FindStringSubmatch(v.Value)
			return env != nil && f.getenv(env[1]) == ""
		})
		if len(list.Content) == 0 {
			uncomment(of, list)
		}
	}
	drop(inputs)
	if functions := member(inputs, "functions"); functions != nil {
		for _, function := range functions.Content {
			drop(function)
		}
	}
}

// spellNulls writes null where a {name} or {name:} has no value. yaml would write an
// empty string there.
func spellNulls(n *yaml.Node, braced bool) {
	braced = braced || n.Style&yaml.FlowStyle != 0
	if braced && n.Kind == yaml.ScalarNode && n.Tag == "!!null" && n.Value == "" {
		n.Value = "null"
	}
	for _, inner := range n.Content {
		spellNulls(inner, braced)
	}
}

// uncomment takes the comments off a member that is an empty list. It is written as [],
// and behind a comment yaml writes that to the begin of a line, where it is no value.
func uncomment(of, list *yaml.Node) {
	list.HeadComment, list.LineComment, list.FootComment = "", "", ""
	for i := 1; i < len(of.Content); i += 2 {
		if of.Content[i] == list {
			of.Content[i-1].LineComment = ""
		}
	}
}

// expandAll replaces the references in every value under n.
func (f *File) expandAll(path string, n *yaml.Node) {
	switch n.Kind {
	case yaml.ScalarNode:
		if text := f.expand(path, n.Value); text != n.Value {
			n.SetString(text)
		}
	case yaml.MappingNode:
		for i := 1; i < len(n.Content); i += 2 {
			f.expandAll(join(path, n.Content[i-1].Value), n.Content[i])
		}
	case yaml.SequenceNode:
		for i, item := range n.Content {
			f.expandAll(fmt.Sprintf("%s[%d]", path, i), item)
		}
	}
}

func (f *File) expand(path, text string) string {
	return reference.ReplaceAllStringFunc(text, func(ref string) string {
		name := ref[2 : len(ref)-1]
		if env, ok := strings.CutPrefix(name, "env:"); ok {
			value := f.getenv(env)
			if value == "" {
				f.errorf(path, "%s is not set, and the cloud would get the text \"undefined\"", env)
			}
			return value
		}
		switch name {
		case "app":
			return f.App
		case "stage":
			return f.Stage
		case "name":
			return f.Name
		}
		if !strings.HasPrefix(name, "output:") {
			f.errorf(path, "%s: the framework knows ${env:X}, ${app}, ${stage}, ${name} and ${output:…}", ref)
		}
		return ref
	})
}

// member returns the value of a mapping's key, or nil if there is none.
func member(n *yaml.Node, key string) *yaml.Node {
	if n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

func setMember(n *yaml.Node, key, value string) {
	if v := member(n, key); v != nil {
		v.SetString(value)
		return
	}
	k, v := new(yaml.Node), new(yaml.Node)
	k.SetString(key)
	v.SetString(value)
	n.Content = append(n.Content, k, v)
}

func clone(n *yaml.Node) *yaml.Node {
	c := *n
	c.Content = make([]*yaml.Node, len(n.Content))
	for i, child := range n.Content {
		c.Content[i] = clone(child)
	}
	return &c
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
