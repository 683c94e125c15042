package main

import (
	"net/netip"
	"net/url"
	"regexp"
	"strings"

	"vodevents/scripts/internal/scfapi"
	"vodevents/scripts/internal/serverless"
)

// vpc returns the network of VPC_ID and SUBNET_ID. It is nil if they are not set; a
// network that was set in the console then stays. VPC_ID=none removes it.
func (d *deployer) vpc() *scfapi.VPC {
	switch id := d.getenv("VPC_ID"); id {
	case "":
		return nil
	case "none":
		return &scfapi.VPC{}
	default:
		return &scfapi.VPC{VpcId: id, SubnetId: d.getenv("SUBNET_ID")}
	}
}

var (
	vpcId    = regexp.MustCompile(`^vpc-[a-z0-9]+$`)
	subnetId = regexp.MustCompile(`^subnet-[a-z0-9]+$`)
)

// checkNetwork finds sinks and stores that the functions could not reach.
func (d *deployer) checkNetwork(f *serverless.File) (findings []serverless.Finding) {
	vpc, subnet := d.getenv("VPC_ID"), d.getenv("SUBNET_ID")
	switch {
	case vpc == "none" && subnet != "":
		findings = append(findings, serverless.Finding{Path: "SUBNET_ID", Text: "is set, and VPC_ID is none: leave one of them out"})
	case vpc == "none":
	case (vpc == "") != (subnet == ""):
		findings = append(findings, serverless.Finding{Path: "VPC_ID", Text: "set VPC_ID and SUBNET_ID together: a function joins a subnet of a VPC"})
	case vpc != "" && (!vpcId.MatchString(vpc) || !subnetId.MatchString(subnet)):
		findings = append(findings, serverless.Finding{Path: "VPC_ID", Text: "want VPC_ID=vpc-… and SUBNET_ID=subnet-…, as the console of VPC shows them"})
	}
	if vpc != "" && vpc != "none" || d.standIn() {
		return findings
	}
	said := map[string]bool{}
	for key := range f.Inputs.Functions {
		for _, v := range f.Variables(key) {
			if v.Key != "SINK" && v.Key != "DEDUP" && v.Key != "DEAD_LETTER" || said[v.Key] {
				continue
			}
			for _, host := range hosts(v.Value) {
				if why := unreachable(host); why != "" {
					said[v.Key] = true
					findings = append(findings, serverless.Finding{Path: v.Key,
						Text: host + " is " + why + ", and a function without a VPC reaches public addresses only: set VPC_ID and SUBNET_ID to the network where it is"})
				}
			}
		}
	}
	return findings
}

// hosts returns the hosts of the URLs in a variable, without ports.
func hosts(value string) (all []string) {
	for _, raw := range strings.Fields(value) {
		_, rest, ok := strings.Cut(showVariable("SINK", raw), "://")
		if !ok {
			continue
		}
		for host := range strings.SplitSeq(rest, ",") { // kafka:// has several
			if u, err := url.Parse("//" + host); err == nil && u.Hostname() != "" {
				all = append(all, u.Hostname())
			}
		}
	}
	return all
}

// carrierGrade is the shared address space, which VPCs use too (RFC 6598).
var carrierGrade = netip.MustParsePrefix("100.64.0.0/10")

// unreachable says why a host cannot be reached from the public network, or "".
func unreachable(host string) string {
	ip, err := netip.ParseAddr(host)
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	switch {
	case err == nil && (ip.IsLoopback() || ip.IsUnspecified()) || name == "localhost":
		return "the function's own machine"
	case err == nil && (ip.IsPrivate() || ip.IsLinkLocalUnicast() || carrierGrade.Contains(ip)):
		return "a private address"
	case err == nil:
		return ""
	case !strings.Contains(name, "."), strings.HasSuffix(name, ".internal"), strings.HasSuffix(name, ".local"):
		return "a name of a private network"
	}
	return ""
}

// standIn tells whether SCF is a stand-in on this machine.
func (d *deployer) standIn() bool {
	u, err := url.Parse(d.getenv("SCF_ENDPOINT"))
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return err == nil && ip.IsLoopback()
}
