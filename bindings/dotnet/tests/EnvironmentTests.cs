using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
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
                ["STAGING_TG_HOST"] = standin.Url,
            });
            Check.Equal(
                "not asked: argument.null\nasked: a token\nthe handler knows the host\n" +
                "the profile: a token\nno profile: config.profile\nthe file: a token",
                told);
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
            Console.WriteLine($"the profile: {Asked(new ConnectionOptions { Profile = "staging" })}");
            Console.WriteLine($"no profile: {Asked(new ConnectionOptions { Profile = "nobody" })}");
            string file = Path.GetTempFileName();
            File.WriteAllText(
                file, string.Concat(new[] { "HOST", "SECRET", "CERT_PATH" }.Select(name =>
                    $"TG_{name}='{Environment.GetEnvironmentVariable("TG_" + name)}'\n")));
            System.Diagnostics.Process.Start("chmod", $"600 {file}").WaitForExit();
            Console.WriteLine($"the file: {Asked(new ConnectionOptions { EnvironmentFile = file })}");
            File.Delete(file);
            return 0;
        }

        private static string Asked(ConnectionOptions options)
        {
            try
            {
                using var connection = new TigerGraphConnection(options);
                using Token token = connection.GetAuthorization();
                return token.Value.Length > 0 ? "a token" : "nothing";
            }
            catch (TigerGraphAuthException e)
            {
                return e.Reason;
            }
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
