using System;
using System.Net.Http;

namespace TigerGraphAuth
{
    // What a program needs that sends its requests by HttpClient.
    public sealed partial class TigerGraphConnection
    {
        /// <summary>
        /// A client that is ready for the database: an <see cref="AuthorizationHandler"/> on top of
        /// <see cref="CreateHttpHandler"/>. Keep it, and ask <see cref="UriFor"/> for the addresses. It does not dispose
        /// of the connection.
        /// </summary>
        /// <returns>A client of the caller's own. Its time limit is 100 seconds, as that of every HttpClient.</returns>
        /// <exception cref="NotSupportedException">See <see cref="CreateHttpHandler"/>.</exception>
        /// <exception cref="ObjectDisposedException">The connection was disposed of.</exception>
        public HttpClient CreateHttpClient() => new HttpClient(new AuthorizationHandler(this, CreateHttpHandler()));

        /// <summary>
        /// What sends the requests of an <see cref="HttpClient"/>, with the trust of this connection: the same CA
        /// certificates (<see cref="CaPem"/>), and any certificate with <see cref="ConnectionOptions.InsecureTls"/>. It
        /// uses a proxy only if <see cref="ConnectionOptions.Proxy"/> is <c>env</c>, and then the one that .NET finds.
        /// </summary>
        /// <returns>A handler of the caller's own, to be changed before its first request. It adds no token: put an
        /// <see cref="AuthorizationHandler"/> on top of it.</returns>
        /// <exception cref="NotSupportedException">The connection has a pin, a client certificate or the address of a
        /// proxy, which this handler would not have: make one yourself, or call <see cref="Send"/>. Under Mono
        /// (<see cref="PlatformNotSupportedException"/>) also if it has CA certificates.</exception>
        /// <exception cref="ObjectDisposedException">The connection was disposed of.</exception>
        public HttpClientHandler CreateHttpHandler()
        {
            KnownSettings settings = Settings();
            Refuse(settings.HasPin, nameof(ConnectionOptions.PinSha256));
            Refuse(settings.HasClientCertificate, nameof(ConnectionOptions.ClientCertificateFile));
            bool ofEnvironment = settings.Proxy == "env";
            Refuse(settings.Proxy.Length > 0 && !ofEnvironment, nameof(ConnectionOptions.Proxy));
            var handler = new HttpClientHandler { UseProxy = ofEnvironment };
            string? pem = CaPem;
            if (settings.IsInsecure)
            {
                handler.ServerCertificateCustomValidationCallback = (request, certificate, chain, errors) => true;
            }
            else if (pem != null)
            {
                if (NativeMethods.IsMono)
                {
                    throw new PlatformNotSupportedException(
                        "Mono cannot check the server's certificate against the CA setting of the connection. Put the CA"
                        + " into Mono's own store and give the connection none, or send requests with"
                        + " TigerGraphConnection.Send.");
                }
                handler.ServerCertificateCustomValidationCallback =
                    new Authorities(pem, besideSystem: !settings.HasOwnCa).Accept;
            }
            return handler;
        }

        internal KnownSettings Settings() => new KnownSettings(Diagnose(offline: true));

        /// <summary>A line of this package's own in the log of the connection.</summary>
        internal void WriteDebugLine(string line)
        {
            try
            {
                _debugLog?.Invoke(LogLevel.Debug, line);
            }
            catch (Exception)
            {
                // A log that fails stops nothing, whoever writes into it.
            }
        }

        private static void Refuse(bool isSet, string setting)
        {
            if (isSet)
            {
                throw new NotSupportedException(
                    $"The connection has the setting {setting}, which an HttpClientHandler made from it would not have."
                    + " Make the handler yourself, or send requests with TigerGraphConnection.Send.");
            }
        }
    }
}
