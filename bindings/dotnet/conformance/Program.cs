using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Threading;

namespace TigerGraphAuth.Conformance
{
    /// <summary>Does what tests/conformance/README.md says, with the package as a user would.</summary>
    internal sealed class Program : IDisposable
    {
        private readonly List<Token> _tokens = new List<Token>();
        private TigerGraphConnection? _connection;
        private ConcurrentQueue<string> _log = new ConcurrentQueue<string>();
        private Provider? _provider;

        private TigerGraphConnection Connection =>
            _connection ?? throw new InvalidOperationException("There is no connection.");

        public static int Main()
        {
            using Stream output = Console.OpenStandardOutput();
            using var program = new Program();
            string? line;
            while ((line = Console.In.ReadLine()) != null)
            {
                byte[] answer = Encoding.ASCII.GetBytes(program.Answer(Fields.Parse(line)) + "\n");
                output.Write(answer, 0, answer.Length);
                output.Flush();
            }
            return 0;
        }

        public void Dispose()
        {
            _tokens.ForEach(token => token.Dispose());
            _connection?.Dispose();
        }

        private static Fields Failure(TigerGraphAuthException e) =>
            new Fields("error")
                .Add("status", UpperSnake(e.Status.ToString()))
                .Add("reason", e.Reason)
                .Add("message", e.Message)
                .Add("hint", e.Hint)
                .Add("server_code", e.ServerCode)
                .Add("http_status", e.HttpStatus ?? 0)
                .Add("retry_after_ms", e.RetryAfter == null ? -1 : (long)e.RetryAfter.Value.TotalMilliseconds);

        private static string UpperSnake(string name) =>
            string.Concat(name.Select((c, i) => i > 0 && char.IsUpper(c) ? "_" + c : c.ToString())).ToUpperInvariant();

        private static TokenOptions Options(Fields command) =>
            (command.Flag("keep_current") ? TokenOptions.KeepCurrent : TokenOptions.None)
            | (command.Flag("global") ? TokenOptions.Global : TokenOptions.None)
            | (command.Flag("or_new") ? TokenOptions.OrNew : TokenOptions.None);

        private static OAuth2Options OAuth2(Fields command)
        {
            var options = new OAuth2Options
            {
                TokenUrl = command.Text("oauth2_url"),
                ClientId = command.Text("oauth2_client_id"),
                ClientSecret = command.Text("oauth2_client_secret"),
                ClientSecretFile = command.Text("oauth2_client_secret_file"),
            };
            foreach (string parameter in command.All("oauth2_parameter"))
            {
                string[] parts = parameter.Split('=', 2);
                options.Parameters[parts[0]] = parts[1];
            }
            return options;
        }

        private static Server Part(Fields command) =>
            command.Text("server") == "gateway" ? Server.Gateway : Server.Restpp;

        private static Fields IsTokenRefused(Fields command)
        {
            byte[] body = Encoding.UTF8.GetBytes(command.Text("body") ?? string.Empty);
            bool refused = TigerGraphConnection.IsTokenRefused(Part(command), command.Int("http_status"), body);
            return Ok().Add("refused", refused ? 1 : 0);
        }

        private static Fields Send(Fields command, TigerGraphConnection connection, CancellationToken cancel)
        {
            var request = new DatabaseRequest(command.Text("method")!, command.Text("path")!, Part(command))
            {
                ResponseLimit = command.Int("response_limit"),
            };
            string? header = command.Text("header_name");
            if (header != null)
            {
                request.Headers[header] = command.Text("header_value")!;
            }
            string? body = command.Text("body");
            if (body != null)
            {
                request.SetBody(body, command.Text("content_type"));
            }
            using DatabaseResponse response = connection.Send(request, cancel);
            return Ok().Add("http_status", response.HttpStatus)
                .Add("content_type", response.Header("Content-Type")).Add("body", response.Text());
        }

        private static Fields Ok() => new Fields("ok");

        private static Fields Secrets(IReadOnlyCollection<Secret> secrets)
        {
            Fields answer = Ok().Add("count", secrets.Count);
            foreach (Secret secret in secrets)
            {
                answer.Add("alias", secret.Alias).Add("value", secret.Value)
                    .Add("graph", secret.Graph).Add("masked", secret.IsMasked ? 1 : 0);
            }
            return answer;
        }

        private Fields Answer(Fields command)
        {
            try
            {
                return Do(command);
            }
            catch (TigerGraphAuthException e)
            {
                return Failure(e);
            }
            catch (OperationCanceledException e) when (e.InnerException is TigerGraphAuthException inner)
            {
                return Failure(inner);
            }
            catch (PlatformNotSupportedException e)
            {
                return new Fields("unsupported").Add("message", e.Message);
            }
        }

        private Fields Do(Fields command)
        {
            switch (command.Word)
            {
                case "connect":
                    Connect(command);
                    return Ok();
                case "close":
                    _connection?.Dispose();
                    _connection = null;
                    return Ok();
                case "current_token":
                    return Tell(Connection.CurrentToken());
                case "reject_token":
                    Connection.RejectToken(Named(command));
                    return Ok();
                case "url":
                    return Ok().Add("url", Connection.Url(Part(command)));
                case "token_url":
                    return Ok().Add("url", Named(command).Url(Part(command)));
                case "ca_pem":
                    return Ok().Add("ca_pem", Connection.CaPem);
                case "is_token_refused":
                    return IsTokenRefused(command);
                case "take_log":
                    return TakeLog();
                case "provider_calls":
                    return _provider!.Calls();
                case "library_version":
                    return Ok().Add("version", TigerGraphConnection.LibraryVersion);
                default:
                    return Call(command);
            }
        }

        /// <summary>A call that can send something, with a limit or a cancellation of its own.</summary>
        private Fields Call(Fields command)
        {
            TimeSpan? timeout = command.Milliseconds("timeout_ms");
            TimeSpan? cancelAfter = command.Milliseconds("cancel_after_ms");
            using TigerGraphConnection? limited = timeout == null ? null : Connection.WithTimeout(timeout.Value);
            using CancellationTokenSource? source =
                cancelAfter == null ? null : new CancellationTokenSource(cancelAfter.Value);
            return Call(command, limited ?? Connection, source?.Token ?? CancellationToken.None);
        }

        private Fields Call(Fields command, TigerGraphConnection connection, CancellationToken cancel)
        {
            string? user = command.Text("user");
            string? secret = command.Text("secret");
            bool ignoreMissing = command.Flag("ignore_missing");
            switch (command.Word)
            {
                case "get_secrets":
                    return Secrets(connection.GetSecrets(user, cancel));
                case "show_secrets":
#pragma warning disable CS0618 // It is obsolete, and works.
                    return Secrets(connection.ShowSecrets(user, cancel));
#pragma warning restore CS0618
                case "get_secret":
                    return Secrets(new[] { connection.GetSecret(command.Text("alias")!, user, cancel) });
                case "create_secret":
                    return Secrets(
                        new[] { connection.CreateSecret(command.Text("alias"), command.Text("value"), user, cancel) });
                case "ensure_secret":
                    return Secrets(new[] { connection.EnsureSecret(command.Text("alias")!, cancel) });
                case "drop_secret":
                    connection.DropSecret(command.Text("alias")!, user, ignoreMissing, cancel);
                    return Ok();
                case "drop_secrets":
                    int dropped = connection.DropSecrets(command.All("alias"), user, ignoreMissing, cancel);
                    return Ok().Add("dropped", dropped);
                case "get_token":
                    return Tell(connection.GetToken(secret, command.Seconds("lifetime_s"), Options(command), cancel));
                case "refresh_token":
                    return Tell(connection.RefreshToken(
                        secret, command.Text("token"), command.Seconds("lifetime_s"), Options(command), cancel));
                case "delete_token":
                    connection.DeleteToken(secret, command.Text("token"), ignoreMissing, cancel);
                    return Ok();
                case "check_jwt_token":
                    return Ok().Add("valid", connection.CheckJwtToken(command.Text("jwt")!, cancel) ? 1 : 0);
                case "check_token":
                    return Ok().Add("valid", connection.CheckToken(Named(command), cancel) ? 1 : 0);
                case "send":
                    return Send(command, connection, cancel);
                case "authorization":
                    return Tell(connection.GetAuthorization(cancel));
                case "diagnose":
                    DiagnosticReport report = connection.Diagnose(command.Flag("offline"), cancel);
                    return Ok().Add("text", report.Text).Add("json", report.Json);
                case "server_version":
                    return Ok().Add("version", connection.GetServerVersion(cancel));
                default:
                    throw new ArgumentException($"unknown command {command.Word}");
            }
        }

        private void Connect(Fields command)
        {
            var log = new ConcurrentQueue<string>();
            var options = new ConnectionOptions
            {
                Host = command.Text("host"),
                Graph = command.Text("graph"),
                Username = command.Text("username"),
                Password = command.Text("password"),
                Secret = command.Text("secret"),
                ApiToken = command.Text("api_token"),
                Jwt = command.Text("jwt"),
                PasswordFile = command.Text("password_file"),
                SecretFile = command.Text("secret_file"),
                JwtFile = command.Text("jwt_file"),
                RestppPort = command.Int("restpp_port"),
                GsqlPort = command.Int("gsql_port"),
                IsCloud = command.Int("tgcloud") == 0 ? (bool?)null : command.Int("tgcloud") > 0,
                ServerVersion = command.Text("server_version"),
                CaFile = command.Text("ca_file"),
                AddedCaFiles = command.All("added_ca_file").ToArray(),
                CaPem = command.Text("ca_pem"),
                ClientCertificateFile = command.Text("client_cert"),
                ClientKeyFile = command.Text("client_key"),
                PinSha256 = command.Text("pin_sha256"),
                InsecureTls = command.Flag("insecure_tls"),
                AllowHttp = command.Flag("allow_http"),
                ConnectTimeout = command.Milliseconds("connect_ms"),
                TotalTimeout = command.Milliseconds("total_ms"),
                Proxy = command.Text("proxy"),
                UserAgent = command.Text("user_agent"),
                TokenLifetime = command.Seconds("lifetime_s"),
                RenewBefore = command.Seconds("renew_before_s"),
                TokenCache = command.Text("token_cache"),
                OAuth2 = OAuth2(command),
                LoadEnvironment = command.Flag("env"),
                Profile = command.Text("profile"),
                EnvironmentFile = command.Text("env_file"),
            };
            Provider? provider = null;
            if (command.Text("provider") != null)
            {
                provider = new Provider(command.All("provider").ToArray(), () => Connection);
                options.TokenProvider = provider.Provide;
            }
            if (command.Text("log") != null)
            {
                options.LogLevel = (LogLevel)command.Int("log");
                options.Log = (level, message) => log.Enqueue($"{(int)level} {message}");
            }
            var connection = new TigerGraphConnection(options);
            _connection?.Dispose();
            _connection = connection;
            _log = log;
            _provider = provider;
        }

        private Token Named(Fields command) => _tokens.Last(token => token.Value == command.Text("value"));

        private Fields Tell(Token token)
        {
            _tokens.Add(token);
            return Ok().Add("value", token.Value).Add("header", token.Header)
                .Add("expires_at", token.ExpiresAt?.ToUnixTimeSeconds() ?? 0).Add("expiration", token.Expiration);
        }

        private Fields TakeLog()
        {
            Fields answer = Ok();
            while (_log.TryDequeue(out string? line))
            {
                answer.Add("line", line);
            }
            return answer;
        }
    }
}
