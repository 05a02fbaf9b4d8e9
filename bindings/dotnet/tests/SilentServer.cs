using System;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Threading.Tasks;

namespace TigerGraphAuth.Tests
{
    /// <summary>Accepts connections and says nothing: a TLS handshake with it never ends.</summary>
    internal sealed class SilentServer : IDisposable
    {
        private readonly TcpListener _listener = new TcpListener(IPAddress.Loopback, 0);
        private readonly ConcurrentBag<TcpClient> _accepted = new ConcurrentBag<TcpClient>();

        public SilentServer()
        {
            _listener.Start();
            _ = AcceptAsync();
        }

        public string Url => $"https://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

        public int Accepted => _accepted.Count;

        public void Dispose()
        {
            _listener.Stop();
            foreach (TcpClient client in _accepted)
            {
                client.Dispose();
            }
        }

        private async Task AcceptAsync()
        {
            try
            {
                while (true)
                {
                    _accepted.Add(await _listener.AcceptTcpClientAsync().ConfigureAwait(false));
                }
            }
            catch (Exception e) when (e is ObjectDisposedException || e is SocketException)
            {
                // Stopped.
            }
        }
    }
}
