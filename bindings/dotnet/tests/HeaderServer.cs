using System;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Tasks;

namespace TigerGraphAuth.Tests
{
    /// <summary>Keeps the head of each request, and refuses it as the database refuses a token.</summary>
    internal sealed class HeaderServer : IDisposable
    {
        private readonly TcpListener _listener = new TcpListener(IPAddress.Loopback, 0);

        public HeaderServer()
        {
            _listener.Start();
            _ = ServeAsync();
        }

        // By another name than the stand-in's.
        public string Url => $"http://localhost:{((IPEndPoint)_listener.LocalEndpoint).Port}/elsewhere";

        public string Seen { get; private set; } = string.Empty;

        public int Requests { get; private set; }

        public void Dispose() => _listener.Stop();

        private async Task ServeAsync()
        {
            const string body = "{\"error\":true,\"code\":\"REST-10016\"}";
            byte[] answer = Encoding.ASCII.GetBytes(
                $"HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\nConnection: close\r\n" +
                $"Content-Length: {body.Length}\r\n\r\n{body}");
            try
            {
                while (true)
                {
                    using TcpClient client = await _listener.AcceptTcpClientAsync().ConfigureAwait(false);
                    using NetworkStream stream = client.GetStream();
                    using var reader = new StreamReader(stream);
                    string? line;
                    while (!string.IsNullOrEmpty(line = await reader.ReadLineAsync().ConfigureAwait(false)))
                    {
                        Seen += line + "\n";
                    }
                    Requests++;
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
