using System;
using System.Collections.Concurrent;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Tasks;

namespace TigerGraphAuth.Tests
{
    /// <summary>The token endpoint of an authorization server, which keeps what it was asked.</summary>
    internal sealed class TokenEndpoint : IDisposable
    {
        private readonly TcpListener _listener = new TcpListener(IPAddress.Loopback, 0);
        private readonly Func<string> _answer;

        /// <param name="answer">Status line, headers and body; <see cref="Granted"/> and <see cref="Refused"/> make them.
        /// </param>
        public TokenEndpoint(Func<string> answer)
        {
            _answer = answer;
            _listener.Start();
            _ = ServeAsync();
        }

        public string Url => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/token";

        /// <summary>The login in the header, without Base64, and the form.</summary>
        public ConcurrentQueue<(string Login, string Form)> Asked { get; } =
            new ConcurrentQueue<(string Login, string Form)>();

        public static string Granted(string token) =>
            Answer("200 OK", $"{{\"access_token\":\"{token}\",\"token_type\":\"Bearer\",\"expires_in\":3600}}");

        public static string Refused(string error) =>
            Answer("400 Bad Request", $"{{\"error\":\"{error}\"}}");

        public static string Answer(string status, string body) =>
            $"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nConnection: close\r\n" +
            $"Content-Length: {body.Length}\r\n\r\n{body}";

        public void Dispose() => _listener.Stop();

        private async Task ServeAsync()
        {
            try
            {
                while (true)
                {
                    using TcpClient client = await _listener.AcceptTcpClientAsync().ConfigureAwait(false);
                    using NetworkStream stream = client.GetStream();
                    using var reader = new StreamReader(stream);
                    string login = string.Empty;
                    int length = 0;
                    string? line;
                    while (!string.IsNullOrEmpty(line = await reader.ReadLineAsync().ConfigureAwait(false)))
                    {
                        if (line.StartsWith("Authorization: Basic ", StringComparison.OrdinalIgnoreCase))
                        {
                            login = Encoding.UTF8.GetString(Convert.FromBase64String(line.Split(' ').Last()));
                        }
                        if (line.StartsWith("Content-Length: ", StringComparison.OrdinalIgnoreCase))
                        {
                            length = int.Parse(line.Split(' ').Last());
                        }
                    }
                    var form = new char[length];
                    await reader.ReadBlockAsync(form, 0, length).ConfigureAwait(false);
                    Asked.Enqueue((login, new string(form)));
                    byte[] answer = Encoding.ASCII.GetBytes(_answer());
                    await stream.WriteAsync(answer, 0, answer.Length).ConfigureAwait(false);
                }
            }
            catch (Exception e) when (e is ObjectDisposedException || e is SocketException)
            {
                // Stopped.
            }
        }
    }
}
