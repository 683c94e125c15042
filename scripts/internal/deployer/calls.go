package main

import (
	"encoding/json"
	"fmt"
	"regexp"

	"vodevents/scripts/internal/scfapi"
)

// call is one write to the API.
type call struct {
	action string
	params any
}

// calls are the writes of a plan in their order. A dry run prints them.
func (p *plan) calls() (all []call) {
	if p.create {
		if p.have.found {
			all = append(all, call{"DeleteFunction", map[string]string{"FunctionName": p.want.Name, "Namespace": scfapi.Namespace}})
		}
		all = append(all, call{"CreateFunction", p.createRequest()})
	}
	if p.code {
		all = append(all, call{"UpdateFunctionCode", p.codeRequest()})
	}
	if p.config {
		all = append(all, call{"UpdateFunctionConfiguration", p.configRequest()})
	}
	if p.async {
		all = append(all, call{"UpdateFunctionEventInvokeConfig", p.asyncRequest()})
	}
	for _, t := range p.triggers {
		switch t.action {
		case "create":
			all = append(all, call{"CreateTrigger", t.write})
		case "update":
			all = append(all, call{"UpdateTrigger", t.write})
		case "delete":
			all = append(all, call{"DeleteTrigger", map[string]string{"FunctionName": p.want.Name, "Namespace": scfapi.Namespace,
				"TriggerName": t.old.TriggerName, "Type": t.old.Type, "Qualifier": t.old.Qualifier}})
		}
	}
	return all
}

func (p *plan) createRequest() scfapi.CreateFunction {
	w := p.want
	r := scfapi.CreateFunction{FunctionName: w.Name, Namespace: scfapi.Namespace, Type: "Event", Runtime: w.Runtime, Handler: w.Handler,
		MemorySize: w.MemorySize, Timeout: w.Timeout, Role: w.Role, Code: scfapi.Code{ZipFile: w.zip}, Description: p.mark.String()}
	if len(p.vars) > 0 {
		r.Environment = &scfapi.Environment{Variables: p.vars}
	}
	if w.vpc != nil && *w.vpc != (scfapi.VPC{}) {
		r.VpcConfig, r.PublicNetConfig = w.vpc, scfapi.NewPublicNet()
	}
	return r
}

func (p *plan) codeRequest() scfapi.UpdateFunctionCode {
	return scfapi.UpdateFunctionCode{FunctionName: p.want.Name, Namespace: scfapi.Namespace, Handler: p.want.Handler,
		Code: scfapi.Code{ZipFile: p.want.zip}, Publish: "FALSE"}
}

func (p *plan) configRequest() scfapi.UpdateFunctionConfiguration {
	w := p.want
	r := scfapi.UpdateFunctionConfiguration{FunctionName: w.Name, Namespace: scfapi.Namespace, MemorySize: w.MemorySize, Timeout: w.Timeout,
		Role: w.Role, Environment: scfapi.Environment{Variables: p.vars}, Description: p.mark.String()}
	if len(p.vars) == 0 { // an empty list would leave the old ones
		r.Environment.Variables = []scfapi.Variable{{}}
	}
	if w.vpc != nil && *w.vpc != p.have.VpcConfig {
		r.VpcConfig = w.vpc
	}
	inVPC := r.VpcConfig != nil && *r.VpcConfig != (scfapi.VPC{})
	if inVPC || p.closed() { // a VPC alone would take the public network away
		r.PublicNetConfig = scfapi.NewPublicNet()
		if n := p.have.PublicNetConfig; n != nil && n.EipConfig.EipStatus != "" {
			r.PublicNetConfig.EipConfig.EipStatus = n.EipConfig.EipStatus
		}
	}
	return r
}

func (p *plan) asyncRequest() scfapi.UpdateAsyncConfig {
	return scfapi.NewUpdateAsyncConfig(p.want.Name, *p.want.async)
}

// confMark is the part of a mark that hashes the configuration, variables included.
// It is not shown, because short secrets could be guessed from it.
var confMark = regexp.MustCompile(`conf [0-9a-f]+`)

// show is a call in one line, without secrets and without the zip.
func (c call) show(w *function) string {
	text, _ := json.Marshal(c.params) // of plain values
	var params map[string]any
	json.Unmarshal(text, &params)
	if code, ok := params["Code"].(map[string]any); ok {
		code["ZipFile"] = fmt.Sprintf("(%.2f MB of base64, sha256 %s)", float64((len(w.zip)+2)/3*4)/1e6, short(w.sha256))
	}
	if environment, ok := params["Environment"].(map[string]any); ok {
		for _, v := range environment["Variables"].([]any) {
			v := v.(map[string]any)
			v["Value"] = showVariable(v["Key"].(string), v["Value"].(string))
		}
	}
	if description, ok := params["Description"].(string); ok {
		params["Description"] = confMark.ReplaceAllString(description, "conf …")
	}
	text, _ = json.Marshal(params)
	return c.action + " " + string(text)
}
