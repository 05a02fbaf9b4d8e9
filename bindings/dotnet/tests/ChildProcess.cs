using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;

namespace TigerGraphAuth.Tests
{
    /// <summary>This program anew, under the same runtime.</summary>
    internal static class ChildProcess
    {
        /// <summary>Runs one part of it, and gives back what it prints.</summary>
        public static string Run(string arguments, IDictionary<string, string?> environment)
        {
            string[] command = Environment.GetEnvironmentVariable("TIGERGRAPH_AUTH_TEST_COMMAND")!.Split(' ');
            var start = new ProcessStartInfo(command[0], string.Join(" ", command.Skip(1).Append(arguments)))
            {
                RedirectStandardOutput = true,
                UseShellExecute = false,
            };
            foreach ((string name, string? value) in environment.Select(pair => (pair.Key, pair.Value)))
            {
                start.Environment[name] = value ?? string.Empty;
            }
            using Process child = Process.Start(start)!;
            string told = child.StandardOutput.ReadToEnd().Trim();
            child.WaitForExit();
            Check.Equal(0, child.ExitCode);
            return told;
        }
    }
}
