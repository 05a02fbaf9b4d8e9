using System;
using System.Diagnostics;
using System.Linq;
using System.Net.Http;
using System.Text;
using System.Text.RegularExpressions;

namespace TigerGraphAuth.Tests
{
    /// <summary>A stand-in TigerGraph server in a process of its own, which ends with this one.</summary>
    internal sealed class Standin : IDisposable
    {
        private static readonly HttpClient Http = new HttpClient();

        private readonly Process _process;
        private readonly string _control;

        private Standin(Process process, string version, string told)
        {
            _process = process;
            Version = version;
            Url = Told(told, "gateway_url") ?? throw new InvalidOperationException("the stand-in did not start");
            _control = Told(told, "control_url")!;
            CaFile = Told(told, "ca_file");
            Secret = WithPassword(connection => connection.CreateSecret("standing").Value);
        }

        public string Version { get; }

        public string Url { get; }

        public string? CaFile { get; }

        public bool IsOld => Version == "3.10";

        public string Name => Version + (CaFile == null ? string.Empty : " TLS");

        /// <summary>The value of a secret of alice's.</summary>
        public string Secret { get; }

        public static Standin Start(string version, bool tls)
        {
            string program = Environment.GetEnvironmentVariable("TIGERGRAPH_STANDIN")!;
            string options = "--gateway-port 0 --restpp-port 0 --control-port 0 --print-json --exit-with-parent";
            var start = new ProcessStartInfo(program, $"--version {version} {options}{(tls ? " --tls" : string.Empty)}")
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                UseShellExecute = false,
            };
            Process process = Process.Start(start)!;
            return new Standin(process, version, process.StandardOutput.ReadLine() ?? string.Empty);
        }

        public ConnectionOptions Options(Action<ConnectionOptions>? change = null)
        {
            var options = new ConnectionOptions
            {
                Host = Url, CaFile = CaFile, Graph = "MyGraph", Secret = Secret, ServerVersion = Version,
            };
            change?.Invoke(options);
            return options;
        }

        public TigerGraphConnection Connect(Action<ConnectionOptions>? change = null) =>
            new TigerGraphConnection(Options(change));

        public T WithPassword<T>(Func<TigerGraphConnection, T> use)
        {
            using TigerGraphConnection connection = ConnectWithPassword();
            return use(connection);
        }

        public TigerGraphConnection ConnectWithPassword() =>
            new TigerGraphConnection(new ConnectionOptions
            {
                Host = Url, CaFile = CaFile, Graph = "MyGraph", Username = "alice", Password = "opensesame",
            });

        /// <summary>Answers the next requests in another way.</summary>
        public void Fault(string action, string path = "/", int times = 1) =>
            Post("/faults", $"{{\"path_prefix\":\"{path}\",\"times\":{times},{action}}}");

        public void Hang(string path = "/") => Fault("\"action\":\"Hang\"", path);

        public void ExpireTokens() => Post("/expire-tokens", "{}");

        /// <summary>From 4.1 on, JWTs of this issuer are accepted.</summary>
        public void TrustIssuer(string name, string key) =>
            Post("/issuers", $"{{\"name\":\"{name}\",\"key\":\"{key}\"}}");

        public void SetAuthentication(bool enabled) =>
            Post("/auth", $"{{\"enabled\":{(enabled ? "true" : "false")}}}");

        public void ForgetRequests() => Http.DeleteAsync(_control + "/requests").Result.EnsureSuccessStatusCode();

        /// <summary>Method, path and status of every request since they were forgotten.</summary>
        public string[] Requests() =>
            Regex.Matches(Log(), "\"method\":\"(\\w+)\",\"path\":\"([^\"]*)\".*?\"status\":(\\d+|null)")
                .Cast<Match>()
                .Select(match => $"{match.Groups[1].Value} {match.Groups[2].Value} {match.Groups[3].Value}")
                .ToArray();

        /// <summary>All that is known of the requests, as JSON.</summary>
        public string Log() => Http.GetStringAsync(_control + "/requests").Result;

        public void Dispose()
        {
            _process.StandardInput.Close();
            _process.WaitForExit();
        }

        private static string? Told(string json, string name)
        {
            Match match = Regex.Match(json, $"\"{name}\":\"([^\"]*)\"");
            return match.Success ? match.Groups[1].Value : null;
        }

        private void Post(string path, string body)
        {
            using var content = new StringContent(body, Encoding.UTF8, "application/json");
            Http.PostAsync(_control + path, content).Result.EnsureSuccessStatusCode();
        }
    }
}
