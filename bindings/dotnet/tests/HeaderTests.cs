using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace TigerGraphAuth.Tests
{
    /// <summary>The package against the header, and against rules of its own.</summary>
    internal static class HeaderTests
    {
        private static readonly Dictionary<string, string> LeftOut = new Dictionary<string, string>
        {
            ["tg_last_error"] = "belongs to the thread that made the call; the last argument serves",
            ["tg_last_error_message"] = "the same",
            ["tg_status_name"] = "TigerGraphAuthStatus has the names",
            ["tg_try_authorization"] = "GetAuthorizationAsync serves: another thread waits for the token",
            ["tg_conn_set_wakeup"] = "the same",
        };

        private static string Header =>
            File.ReadAllText(Path.Combine(
                Environment.GetEnvironmentVariable("TIGERGRAPH_AUTH_PREFIX")!, "include", "tigergraph_auth.h"));

        private static string Sources => Environment.GetEnvironmentVariable("TIGERGRAPH_AUTH_SOURCES")!;

        public static void Every_function_of_the_header_is_bound_or_left_out_for_a_reason()
        {
            string code = Regex.Replace(Header, @"/\*.*?\*/", string.Empty, RegexOptions.Singleline);
            IEnumerable<string> declared = Regex.Matches(code, @"\b(tg_\w+)\(").Cast<Match>()
                .Select(match => match.Groups[1].Value).Distinct();
            IEnumerable<string> expected = declared.Except(LeftOut.Keys).OrderBy(name => name, StringComparer.Ordinal);
            IEnumerable<string> bound = Functions().Select(function => function.Name)
                .OrderBy(name => name, StringComparer.Ordinal);
            Check.True(declared.Count() > 60, "the header was not understood");
            Check.Equal(string.Join(" ", expected), string.Join(" ", bound));
            Check.True(LeftOut.Keys.All(declared.Contains), "what is left out is not in the header");
        }

        public static void Every_status_and_flag_has_the_number_of_the_header()
        {
            Dictionary<string, int> constants = Regex
                .Matches(Header, @"^#define (TG_\w+) (\d+)u?$", RegexOptions.Multiline).Cast<Match>()
                .ToDictionary(match => match.Groups[1].Value, match => int.Parse(match.Groups[2].Value));
            Check.Equal(Numbers(constants, "TG_STATUS_"), Numbers(typeof(TigerGraphAuthStatus)));
            Check.Equal("NONE=0 " + Numbers(constants, "TG_TOKEN_"), Numbers(typeof(TokenOptions)));
            Check.Equal(Numbers(constants, "TG_SERVER_"), Numbers(typeof(Server)));
            Check.Equal(
                Numbers(constants, "TG_LOG_").Replace("INFO=", "INFORMATION=").Replace("WARN=", "WARNING="),
                Numbers(typeof(LogLevel)));
        }

        public static void The_version_is_that_of_the_header_and_of_the_library()
        {
            string version = string.Join(".", new[] { "MAJOR", "MINOR", "PATCH" }.Select(part =>
                Regex.Match(Header, $@"#define TIGERGRAPH_AUTH_VERSION_{part} (\d+)").Groups[1].Value));
            Check.Equal(version, TigerGraphConnection.LibraryVersion);
            Check.Equal(version + ".0", typeof(TigerGraphConnection).Assembly.GetName().Version!.ToString());
        }

        public static void No_text_comes_back_as_a_string_and_no_flag_is_a_bool()
        {
            foreach (MethodInfo function in Functions())
            {
                var types = function.GetParameters().Select(parameter => parameter.ParameterType)
                    .Append(function.ReturnType);
                Check.True(!types.Any(type => type == typeof(string) || type == typeof(bool)), function.Name);
                var import = function.GetCustomAttribute<DllImportAttribute>()!;
                Check.Equal(CallingConvention.Cdecl, import.CallingConvention);
            }
        }

        public static void The_error_of_the_thread_is_never_asked_for()
        {
            string[] files = Directory.GetFiles(Sources, "*.cs", SearchOption.AllDirectories);
            Check.True(files.Length > 10, "the sources were not found");
            foreach (string file in files)
            {
                Check.Lacks("tg_last_error", File.ReadAllText(file));
            }
        }

        public static void Every_call_that_sends_takes_a_cancellation_token_and_has_an_async_twin()
        {
            MethodInfo[] methods = typeof(TigerGraphConnection).GetMethods();
            string[] sending = methods
                .Where(method => method.GetParameters()
                    .Any(parameter => parameter.ParameterType == typeof(System.Threading.CancellationToken)))
                .Select(method => method.Name).ToArray();
            Check.Equal(31, sending.Length);
            foreach (string name in sending.Where(name => !name.EndsWith("Async") && name != "ShowSecrets"))
            {
                Check.True(sending.Contains(name + "Async"), $"{name} has no twin");
            }
        }

        private static IEnumerable<MethodInfo> Functions() =>
            typeof(NativeMethods).GetMethods(BindingFlags.Public | BindingFlags.Static)
                .Where(method => method.GetCustomAttribute<DllImportAttribute>() != null);

        private static string Numbers(Dictionary<string, int> constants, string prefix) =>
            string.Join(" ", constants.Where(constant => constant.Key.StartsWith(prefix))
                .OrderBy(constant => constant.Value)
                .Select(constant => $"{constant.Key.Substring(prefix.Length)}={constant.Value}")).Replace("_", string.Empty);

        private static string Numbers(Type type) =>
            string.Join(" ", Enum.GetValues(type).Cast<object>()
                .Select(value => $"{value.ToString()!.ToUpperInvariant()}={(int)value}"));
    }
}
