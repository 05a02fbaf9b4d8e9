using System;
using System.Collections.Generic;
using System.Net.Http;
using System.Threading;
using System.Threading.Tasks;

namespace TigerGraphAuth.Tests
{
    /// <summary>Settings from the environment, in a process of its own: that of this one is as it is.</summary>
    internal static class EnvironmentTests
    {
        public static void Settings_come_from_the_environment_only_if_asked_for(Standin standin)
        {
            string told = ChildProcess.Run("environment", new Dictionary<string, string?>
            {
                ["TG_HOST"] = standin.Url,
                ["TG_SECRET"] = standin.Secret,
                ["TG_CERT_PATH"] = standin.CaFile,
            });
            Check.Equal("not asked: argument.null\nasked: a token\nthe handler knows the host", told);
        }

        internal static int Child()
        {
            try
            {
                new TigerGraphConnection(new ConnectionOptions());
            }
            catch (TigerGraphAuthException e)
            {
                Console.WriteLine($"not asked: {e.Reason}");
            }
            using var connection = new TigerGraphConnection(new ConnectionOptions { LoadEnvironment = true });
            using Token token = connection.GetAuthorization();
            Console.WriteLine(token.Value.Length > 0 ? "asked: a token" : "asked: nothing");
            using var client = new HttpClient(new AuthorizationHandler(connection, new Recorder()));
            string url = Environment.GetEnvironmentVariable("TG_HOST")!;
            string header = client.GetStringAsync(url).Result;
            string other = client.GetStringAsync(url.Replace("127.0.0.1", "127.0.0.2")).Result;
            Console.WriteLine(header == token.Header && other == string.Empty ? "the handler knows the host" : header);
            return 0;
        }

        /// <summary>Answers with the Authorization header of the request.</summary>
        private sealed class Recorder : HttpMessageHandler
        {
            protected override Task<HttpResponseMessage> SendAsync(
                HttpRequestMessage request, CancellationToken cancellationToken) =>
                Task.FromResult(new HttpResponseMessage
                {
                    Content = new StringContent(request.Headers.Authorization?.ToString() ?? string.Empty),
                });
        }
    }
}
