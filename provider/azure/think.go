package azure

import (
	"cmp"
	"net/url"
	"strings"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/openai"
)

// defaultModel is a deployment's name, too: the portal suggests the model's.
const defaultModel = "gpt-4o-mini"

// NewModel opens a deployment of an Azure OpenAI resource: the account connection's, else the one that the agent's model names.
// A connection that has an api_version is asked by the API of dated versions, else by v1, which has none
// (https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle).
func NewModel(a provider.Access, name string) (*openai.Model, error) {
	if a.Key == "" {
		return nil, unauthorized("AZURE_OPENAI", "account_connection_azure_llm")
	}
	if a.BaseURL == "" {
		return nil, parley.Invalid("endpoint", "endpoint of the Azure connection is missing: add it, or set AZURE_OPENAI_ENDPOINT; it is the resource's address, such as https://my-resource.openai.azure.com")
	}
	u, err := address(a.BaseURL)
	if err != nil {
		return nil, err
	}
	base := strings.TrimSuffix(strings.TrimSuffix(u.String(), "/v1"), "/openai") + "/openai"
	name = cmp.Or(a.Extra["deployment"], name, defaultModel)
	f := openai.Flavour{Vendor: vendor, Header: "Api-Key"}
	if version := a.Extra["api_version"]; version != "" {
		f.Query = "?api-version=" + url.QueryEscape(version)
		f.List = base + "/models" + f.Query
		base += "/deployments/" + url.PathEscape(name)
	} else {
		base += "/v1"
	}
	a.BaseURL = base
	return f.Open(a, name)
}
