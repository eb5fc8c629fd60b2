//! The 42 kinds of errors that the table must know, with what each looks like where it was met.

use super::{SIGNATURES, of_error, of_stream};
use crate::find;

/// Row, exception, text, traceback, signature. Without an exception the text was printed.
const ROWS: &[(u8, &str, &str, &str, &str)] = &[
    (1, "ModuleNotFoundError", "No module named 'agentframework'", "", "missing-module"),
    (2, "ImportError", "cannot import name 'Vector' from 'azure.search.documents.models' (x.py)", "", "missing-name-in-module"),
    (3, "KeyError", "'RESOURCE_GROUP'", "----> 1 os.environ['RESOURCE_GROUP']", "missing-env"),
    (3, "KeyError", "'RESOURCE_GROUP'", "File <frozen os>:679, in __getitem__(self, key)", "missing-env"),
    (4, "NameError", "name 'client' is not defined", "", "undefined-name"),
    (5, "FileNotFoundError", "[Errno 2] No such file or directory: 'az'", "", "azure-cli-missing"),
    (5, "FileNotFoundError", "[Errno 2] No such file or directory: 'terraform'", "", "command-missing"),
    (5, "FileNotFoundError", "[WinError 2] The system cannot find the file specified", "subprocess.py", "command-missing-windows"),
    (6, "CalledProcessError", "Command '['az', 'account', 'show']' returned non-zero exit status 1.", "", "azure-cli-failed"),
    (6, "CalledProcessError", "Command 'az account show' returned non-zero exit status 127.", "", "azure-cli-exit-127"),
    (7, "", "ERROR: Please run 'az login' to setup account.", "", "azure-login-needed-output"),
    (7, "", "ERROR: AADSTS50076: you must use multi-factor authentication", "", "entra-code-output"),
    (7, "ClientAuthenticationError", "AADSTS700082: The refresh token has expired", "", "entra-login-expired"),
    (7, "ClientAuthenticationError", "AADSTS50076: multi-factor", "", "entra-mfa"),
    (7, "ClientAuthenticationError", "AADSTS7000215: Invalid client secret provided", "", "entra-bad-secret"),
    (7, "ClientAuthenticationError", "AADSTS7000222: The provided client secret keys are expired", "", "entra-secret-expired"),
    (7, "ClientAuthenticationError", "AADSTS90002: Tenant 'x' not found", "", "entra-wrong-tenant"),
    (7, "ClientAuthenticationError", "AADSTS50020: User account does not exist in tenant", "", "entra-wrong-tenant"),
    (7, "ClientAuthenticationError", "AADSTS65001: has not consented", "", "entra-consent"),
    (7, "ClientAuthenticationError", "AADSTS53003: blocked by Conditional Access", "", "entra-conditional-access"),
    (8, "AttributeError", "Can't get attribute 'NormalizedResponse' on <module 'msal.throttled_http_client'>", "", "msal-http-cache"),
    (8, "", "ERROR: Can't get attribute 'NormalizedResponse' on <module 'msal'>", "", "msal-http-cache-output"),
    (9, "ClientAuthenticationError", "DefaultAzureCredential failed to retrieve a token from the included credentials.", "", "default-credential-failed"),
    (10, "CredentialUnavailableError", "Azure CLI not found on path", "", "azure-cli-not-found-by-credential"),
    (10, "CredentialUnavailableError", "Please run 'az login' to set up an account", "", "azure-login-needed"),
    (10, "CredentialUnavailableError", "EnvironmentCredential authentication unavailable.", "", "credential-unavailable"),
    (11, "JSONDecodeError", "Expecting value: line 1 column 1 (char 0)", "json.loads(r.stdout)", "empty-json-from-command"),
    (11, "JSONDecodeError", "Expecting value: line 1 column 1 (char 0)", "requests.get(url).json()", "empty-json-from-response"),
    (12, "JSONDecodeError", "Unexpected UTF-8 BOM (decode using utf-8-sig): line 1 column 1 (char 0)", "", "azure-profile-bom"),
    (13, "CosmosHttpResponseError", "(Forbidden) Request originated from IP 203.0.113.7 through public internet. This is blocked by your Cosmos DB account firewall settings.", "", "cosmos-firewall-ip"),
    (13, "CosmosHttpResponseError", "(Forbidden) This is blocked by your Cosmos DB account firewall", "", "cosmos-firewall"),
    (14, "CosmosHttpResponseError", "does not have required RBAC permissions to perform action", "", "cosmos-rbac"),
    (14, "CosmosHttpResponseError", "(Unauthorized) Local Authorization is disabled.", "", "cosmos-rbac"),
    (15, "CosmosResourceNotFoundError", "(NotFound) Entity with the specified id does not exist", "", "cosmos-not-found"),
    (16, "ServiceRequestError", "[Errno 11001] getaddrinfo failed", "", "azure-host-unknown"),
    (16, "ServiceRequestError", "Failed to resolve 'x' ([Errno -2] Name or service not known)", "", "azure-host-unknown"),
    (16, "ServiceRequestError", "[Errno 8] nodename nor servname provided, or not known", "", "azure-host-unknown"),
    (17, "ResourceNotFoundError", "(ResourceGroupNotFound) Resource group 'x' could not be found.", "", "azure-resource-not-found"),
    (17, "HttpResponseError", "(SubscriptionNotFound) The subscription could not be found.", "", "azure-resource-not-found"),
    (17, "HttpResponseError", "(InvalidResourceGroup) x", "", "azure-resource-not-found"),
    (17, "HttpResponseError", "(AuthorizationFailed) The client does not have authorization", "", "azure-role-missing"),
    (18, "AuthenticationError", "Error code: 401 - {'error': {'message': 'Incorrect API key provided'}}", "", "api-key-refused"),
    (18, "AuthenticationError", "Error code: 401 - Access denied due to invalid subscription key", "", "gateway-key"),
    (18, "AuthenticationError", "Error code: 401 - {'code': 'PermissionDenied'}", "", "azure-role-missing"),
    (19, "NotFoundError", "Error code: 404 - {'error': {'code': 'DeploymentNotFound', 'message': 'The API deployment for this resource does not exist.'}}", "", "deployment-not-found"),
    (20, "NotFoundError", "Error code: 404 - {'error': {'code': '404', 'message': 'Resource not found'}}", "", "api-path-not-found"),
    (20, "NotFoundError", "The model `gpt-9` does not exist or you do not have access to it.", "", "model-not-found"),
    (20, "NotFoundError", "The model `gpt-4-32k` has been deprecated", "", "model-retired"),
    (21, "RateLimitError", "Error code: 429 - {'error': {'code': 'insufficient_quota'}}", "", "insufficient-quota"),
    (21, "RateLimitError", "Requests to the ChatCompletions_Create Operation have exceeded call rate limit", "", "rate-limit"),
    (22, "APIConnectionError", "Connection error.", "", "api-connection"),
    (22, "APITimeoutError", "Request timed out.", "", "api-timeout"),
    (23, "BadRequestError", "{'code': 'content_filter', 'innererror': {'code': 'ResponsibleAIPolicyViolation'}}", "", "content-filter"),
    (23, "BadRequestError", "Unsupported parameter: 'max_tokens' is not supported with this model", "", "max-tokens-renamed"),
    (23, "BadRequestError", "{'code': 'unsupported_value'}", "", "model-parameter"),
    (23, "BadRequestError", "{'code': 'context_length_exceeded'}", "", "context-too-long"),
    (23, "BadRequestError", "Unknown parameter: 'response_format'.", "", "model-parameter"),
    (24, "APIRemovedInV1", "You tried to access openai.Completion, but this is no longer supported in openai>=1.0.0", "", "openai-old-api"),
    (24, "AttributeError", "module 'openai' has no attribute 'error'", "", "openai-old-api"),
    (25, "TypeError", "Client.__init__() got an unexpected keyword argument 'proxies'", "", "httpx-proxies"),
    (26, "OpenAIError", "Missing credentials. Please pass one of `api_key`", "", "api-credentials-missing"),
    (26, "OpenAIError", "The api_key client option must be set either by passing api_key", "", "api-credentials-missing"),
    (26, "ValueError", "Must provide one of the `base_url` or `azure_endpoint` arguments", "", "api-credentials-missing"),
    (26, "ValueError", "Must provide either the `api_version` argument or the `OPENAI_API_VERSION` environment variable", "", "api-credentials-missing"),
    (27, "OutOfMemoryError", "CUDA out of memory. Tried to allocate 2.00 GiB", "", "gpu-out-of-memory"),
    (27, "RuntimeError", "MPS backend out of memory", "", "gpu-out-of-memory"),
    (27, "AcceleratorError", "CUDA error: device-side assert triggered", "", "gpu-error"),
    (27, "RuntimeError", "No CUDA GPUs are available", "", "gpu-missing"),
    (27, "AssertionError", "Torch not compiled with CUDA enabled", "", "gpu-missing"),
    (28, "ConnectionRefusedError", "[Errno 111] Connection refused", "", "connection-refused"),
    (28, "ConnectError", "[Errno 61] Connection refused", "", "connection-refused"),
    (28, "MaxRetryError", "Max retries exceeded with url: / (Caused by NewConnectionError('Failed to establish a new connection'))", "", "connection-refused"),
    (28, "ClientConnectorError", "Cannot connect to host localhost:8080 ssl:default [WinError 10061]", "", "local-connection-refused"),
    (29, "ExceptionGroup", "unhandled errors in a TaskGroup (1 sub-exception)", "mcp/client/sse.py", "mcp-connection"),
    (29, "McpError", "Session terminated", "", "mcp-error"),
    (29, "HTTPStatusError", "Client error '404 Not Found' for url 'http://localhost:8000/mcp'", "", "mcp-not-found"),
    (30, "SSLError", "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed", "", "certificate-refused"),
    (31, "RuntimeError", "This event loop is already running", "", "running-event-loop"),
    (31, "RuntimeError", "asyncio.run() cannot be called from a running event loop", "", "running-event-loop"),
    (32, "SyntaxError", "invalid syntax (1.py, line 2)", "    <<<<<<< HEAD\n    ^", "merge-conflict"),
    (32, "SyntaxError", "invalid decimal literal (1.py, line 6)", "    >>>>>>> 8a1b2c3d feature\n", "merge-conflict"),
    (33, "ValueError", "Could not find top level function app instances in function_app.py.", "", "function-app-index"),
    (33, "ValueError", "More than one instance of top level function app found", "", "function-app-index"),
    (33, "ValueError", "Function x does not have a unique function name.", "", "function-app-index"),
    (33, "FunctionLoadError", "cannot load the timer function: the parameter is wrong", "", "function-app-index"),
    (34, "", "0 functions found (Custom)", "", "no-functions-output"),
    (34, "", "No job functions found.", "", "no-functions-output"),
    (35, "NoCredentialsError", "Unable to locate credentials", "", "aws-credentials-missing"),
    (35, "NoRegionError", "You must specify a region.", "", "aws-region-missing"),
    (35, "ClientError", "An error occurred (NoSuchBucket) when calling the GetObject operation: no", "", "aws-client-error"),
    (36, "DefaultCredentialsError", "Your default credentials were not found.", "", "gcloud-credentials-missing"),
    (37, "StdinNotImplementedError", "raw_input was called, but this frontend does not support input requests.", "", "input-not-possible"),
    (38, "DeadKernelError", "Kernel died", "", "kernel-died"),
    (38, "KeyboardInterrupt", "", "", "interrupted"),
    (38, "CellTimeoutError", "A cell timed out", "", "cell-timeout"),
    (39, "ServiceResponseError", "Read timed out.", "", "azure-timeout"),
    (39, "ReadTimeout", "timed out", "", "request-timeout"),
    (40, "ImportError", "`BaseSettings` has been moved to the `pydantic-settings` package.", "", "pydantic-settings"),
    (40, "ValidationError", "`BaseSettings` has been moved to the `pydantic-settings` package.", "", "pydantic-settings"),
    (41, "HttpResponseError", "(Forbidden) code: ForbiddenByRbac", "", "azure-role-missing"),
    (41, "HttpResponseError", "(Forbidden) code: ForbiddenByFirewall", "", "azure-firewall"),
    (41, "HttpResponseError", "ErrorCode:AuthorizationPermissionMismatch", "", "azure-role-missing"),
    (41, "HttpResponseError", "InsufficientAccessError", "", "azure-role-missing"),
    (41, "HttpResponseError", "PublicNetworkAccess is disabled", "", "azure-firewall"),
    (42, "OSError", "[Errno 28] No space left on device", "", "disk-full"),
];

#[test]
fn every_row_is_known() {
    for (row, ename, evalue, traceback, wanted) in ROWS {
        let found = match *ename {
            "" => of_stream(evalue).map(|(found, _)| found),
            ename => of_error(ename, evalue, traceback),
        };
        let found = found.map(|found| found.id);
        assert_eq!(found, Some(*wanted), "row {row}: {ename}: {evalue}");
    }
    let covered: std::collections::BTreeSet<u8> = ROWS.iter().map(|row| row.0).collect();
    assert_eq!(covered, (1..=42).collect());
}

/// Rules that a signature may name before they are there.
const TO_COME: &[&str] = &[
    "binding-annotation",
    "duplicate-function",
    "hardcoded-endpoint",
    "missing-install",
    "msal-http-cache",
    "openai-headers",
    "retired-model",
    "second-app",
    "stale-import",
    "unguarded-service",
];

#[test]
fn the_rules_that_state_a_cause_exist() {
    for one in SIGNATURES.iter() {
        for rule in &one.signature.joins {
            let known = find(rule).is_some() || TO_COME.contains(&rule.as_str());
            assert!(known, "{}: {rule}", one.signature.id);
        }
    }
}
