package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"vodevents/scripts/internal/scfapi"
	"vodevents/scripts/internal/serverless"
	"vodevents/scripts/policy"
)

// fullAccess is Tencent's policy with all rights to VOD (266/33971). Many tools give
// it to the roles that they make, and it is enough.
const fullAccess = "QcloudVODFullAccess"

// roleOf returns the role that serverless.yml gives to the functions.
func roleOf(f *serverless.File) (string, error) {
	role := ""
	for key := range f.Inputs.Functions {
		r := f.Function(key).Role
		if role != "" && r != "" && r != role {
			return "", fmt.Errorf("serverless.yml gives the functions two roles, %s and %s\n  → use one, or make them in the console", role, r)
		}
		role = max(role, r)
	}
	return role, nil
}

// policyName is the name of our policy for a role.
func policyName(role string) string { return "vodevents-" + role }

// rights returns the least policy of the functions with these settings.
func (d *deployer) rights(f *serverless.File) (string, error) {
	objects, err := objects(d.setting("SINK") + " " + d.setting("DEAD_LETTER"))
	if err != nil {
		return "", err
	}
	n := policy.Needs{Uin: d.user.OwnerUin, Objects: objects}
	for _, id := range d.subAppIds() {
		if id != 0 {
			n.SubAppIds = append(n.SubAppIds, strconv.FormatUint(id, 10))
		}
	}
	reconciles := slices.ContainsFunc(f.Inputs.Triggers, func(t serverless.Trigger) bool { return t.Parameters.Argument == "reconcile" })
	switch {
	case reconciles:
		n.Actions = policy.Reconcile
	case d.setting("CALLBACK_VERIFY") == "ask":
		n.Actions = policy.Ask
	}
	return policy.Function(n)
}

// objects returns the objects that cos:// sinks put with the role's keys, in CAM's
// spelling. With an endpoint or with keys in the URL the role is not asked.
//
// In CAM's spelling a * is any text (598/10606), and no escape for it is documented. So
// a URL that would widen the rights beyond its own prefix is refused: with a *, with the
// ? of other clouds' policies, or with what begins a variable (598/10607).
func objects(sinks string) (all []string, err error) {
	for word := range strings.FieldsSeq(sinks) {
		u, err := url.Parse(word)
		if err != nil || u.Scheme != "cos" || u.User != nil || u.Query().Has("endpoint") {
			continue
		}
		appId := u.Host[strings.LastIndexByte(u.Host, '-')+1:] // a bucket is called NAME-APPID
		prefix := strings.Trim(u.Path, "/")
		if prefix != "" {
			prefix += "/"
		}
		object := fmt.Sprintf("qcs::cos:%s:uid/%s:%s/%s", u.Query().Get("region"), appId, u.Host, prefix)
		if strings.ContainsAny(object, "*?") || strings.Contains(object, "${") {
			return nil, fmt.Errorf("cos://%s: its URL holds *, ? or ${, which a policy takes for a pattern: the role could write to other objects, too\n  → choose another URL, or make the role in the console", u.Host)
		}
		if object += "*"; !slices.Contains(all, object) {
			all = append(all, object)
		}
	}
	return all, nil
}

// makeRole makes the role with the least policy, or what is missing of it.
func (d *deployer) makeRole(ctx context.Context, f *serverless.File) error {
	role, err := roleOf(f)
	if err != nil {
		return err
	}
	if role == "" {
		return errors.New("serverless.yml gives the functions no role: write role: SCF_ExecuteRole")
	}
	rights, err := d.rights(f)
	if err != nil {
		return err
	}
	if d.api == nil {
		d.say("The role %s, with this trust and these rights:\n%s\n%s", role, indent(policy.Trust), indent(rights))
		return nil
	}
	trust, found, err := d.api.RoleTrust(ctx, role)
	if err != nil {
		return err
	}
	if found && !trusts(trust) {
		return fmt.Errorf("the role %s exists, but SCF may not assume it: its carrier is not scf.qcloud.com\n  → add that carrier in the console of CAM, or name another role in serverless.yml", role)
	}
	var attached []scfapi.Policy
	if found {
		if attached, err = d.api.AttachedPolicies(ctx, role); err != nil {
			return err
		}
	}
	if has(attached, fullAccess) {
		d.say("The role %s is there, with %s. That is more than it needs; scripts/policy has the least rights.", role, fullAccess)
		return nil
	}
	if has(attached, policyName(role)) {
		return d.checkPolicy(ctx, role, rights)
	}
	if !found {
		d.say("+ role       %s, which only SCF may assume:\n%s", role, indent(policy.Trust))
	}
	d.say("+ policy     %s:\n%s", policyName(role), indent(rights))
	if d.dryRun {
		d.say("Nothing was changed: -dry-run.")
		return nil
	}
	if err := d.consent(ctx, "Make this?", d.yes); err != nil {
		return err
	}
	return d.writeRole(ctx, role, rights, found)
}

// writeRole makes what is missing. Each part may be there from an earlier run.
func (d *deployer) writeRole(ctx context.Context, role, rights string, found bool) error {
	if !found {
		err := d.api.CreateRole(ctx, role, policy.Trust, "vodevents: functions that receive events of VOD")
		if err != nil && !scfapi.Is(err, "InvalidParameter.RoleNameInUse") {
			return err
		}
	}
	id, err := d.api.CreatePolicy(ctx, policyName(role), rights, "vodevents: pull and confirm events of VOD")
	if scfapi.Is(err, "FailedOperation.PolicyNameInUse") {
		if id, err = d.api.FindPolicy(ctx, policyName(role)); err == nil && id == 0 {
			err = fmt.Errorf("the policy %s is there and cannot be found\n  → attach it to the role %s in the console of CAM", policyName(role), role)
		}
	}
	if err != nil {
		return err
	}
	if err := d.api.AttachRolePolicy(ctx, role, id); err != nil {
		return err
	}
	d.say("The role %s is ready. SCF may need some seconds to see it.", role)
	return d.checkPolicy(ctx, role, rights)
}

// checkPolicy compares our policy with what the settings need.
func (d *deployer) checkPolicy(ctx context.Context, role, rights string) error {
	id, err := d.api.FindPolicy(ctx, policyName(role))
	if err != nil || id == 0 {
		return err
	}
	text, err := d.api.PolicyDocument(ctx, id)
	if err != nil {
		return err
	}
	if !sameJSON(text, rights) {
		return fmt.Errorf("the policy %s differs from what the settings need\n  → it is for other applications, or somebody changed it; in the console of CAM give it this text:\n%s", policyName(role), indent(rights))
	}
	d.say("The role %s is there, with the least rights.", role)
	return nil
}

// lookAtRole checks the role before a deployment. Keys that may not read roles get a
// warning and deploy anyway.
func (d *deployer) lookAtRole(ctx context.Context, f *serverless.File) error {
	role, err := roleOf(f)
	if err != nil || role == "" {
		return err
	}
	trust, found, err := d.api.RoleTrust(ctx, role)
	if scfapi.Denied(err) {
		d.say("! These keys may not look at the role %s, so it was not checked.", role)
		return nil
	}
	switch {
	case err != nil:
		return err
	case !found:
		return fmt.Errorf("there is no role %s, so the functions would have no keys to call VOD with\n  → ./scripts/deploy -api -role makes it", role)
	case !trusts(trust):
		return fmt.Errorf("SCF may not assume the role %s: its carrier is not scf.qcloud.com\n  → add that carrier in the console of CAM", role)
	}
	attached, err := d.api.AttachedPolicies(ctx, role)
	if err == nil && !has(attached, fullAccess) && !has(attached, policyName(role)) {
		d.say("! The role %s has neither %s nor %s. If another policy lets it pull and confirm, all is well; -role adds one.", role, fullAccess, policyName(role))
	}
	return nil
}

// trusts tells whether SCF may assume a role.
func trusts(trust string) bool { return strings.Contains(trust, `"scf.qcloud.com"`) }

func has(policies []scfapi.Policy, name string) bool {
	return slices.ContainsFunc(policies, func(p scfapi.Policy) bool { return p.PolicyName == name })
}

func sameJSON(a, b string) bool {
	var va, vb any
	return json.Unmarshal([]byte(a), &va) == nil && json.Unmarshal([]byte(b), &vb) == nil && reflect.DeepEqual(va, vb)
}

// indent indents each line of a text.
func indent(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n    ")
}
