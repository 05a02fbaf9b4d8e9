using System;
using System.Collections.Generic;
using System.IO;

namespace TigerGraphAuth.Tests
{
    /// <summary>Where the native library comes from, and what is said when it cannot be had. In processes of their own.
    /// </summary>
    internal static class LoadingTests
    {
        private static bool IsMono => Check.IsMono;

        private static string Stubs => Environment.GetEnvironmentVariable("TIGERGRAPH_AUTH_STUBS")!;

        private static string Library =>
            Path.Combine(Environment.GetEnvironmentVariable("TIGERGRAPH_AUTH_PREFIX")!, "lib", "libtigergraph_auth.so");

        /// <summary>The child: says which library it has, or why none. Tries twice: the second answer is the same.
        /// </summary>
        internal static int Child()
        {
            string first = Try();
            Console.WriteLine(first);
            return first == Try() ? 0 : 1;
        }

        public static void A_library_that_is_not_there_is_a_clear_exception()
        {
            string told = Load(path: null, variable: null);
            string advice = IsMono ? "name its folder in LD_LIBRARY_PATH" : "set TIGERGRAPH_AUTH_LIBRARY to the path";
            Check.Contains("DllNotFoundException: TigerGraphAuth needs version 0.1 of the native library, which", told);
            Check.Contains(advice, told);
        }

        public static void A_library_of_another_version_is_a_clear_exception()
        {
            string told = Load(Path.Combine(Stubs, "old"), variable: null);
            Check.Contains("needs version 0.1 of the native library; version 0.9.3 was found. Install it", told);
        }

        public static void Another_library_of_that_name_is_a_clear_exception()
        {
            string told = Load(Path.Combine(Stubs, "foreign"), variable: null);
            Check.Contains("DllNotFoundException: TigerGraphAuth needs version 0.1", told);
            Check.Contains("a library of that name was found, but is another", told);
        }

        public static void The_loader_of_the_system_finds_the_library()
        {
            Check.Equal("found 0.1.1", Load(Path.GetDirectoryName(Library), variable: null));
        }

        public static void The_variable_names_a_library_and_nothing_replaces_it()
        {
            if (IsMono)
            {
                return;
            }
            Check.Equal("found 0.1.1", Load(Path.Combine(Stubs, "old"), Library));
            string told = Load(Path.GetDirectoryName(Library), "/nowhere/libtigergraph_auth.so");
            Check.Contains("names /nowhere/libtigergraph_auth.so, which cannot be loaded", told);
        }

        public static void An_installed_library_without_its_development_link_is_found()
        {
            if (!IsMono)
            {
                Check.Equal("found 0.1.1", Load(Path.Combine(Stubs, "installed"), variable: null));
            }
        }

        public static void The_folder_beside_the_program_comes_before_the_system()
        {
            if (IsMono)
            {
                return;
            }
            string folder = Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native");
            Directory.CreateDirectory(folder);
            File.Copy(Library, Path.Combine(folder, "libtigergraph_auth.so"), overwrite: true);
            try
            {
                Check.Equal("found 0.1.1", Load(Path.Combine(Stubs, "old"), variable: null));
            }
            finally
            {
                Directory.Delete(Path.Combine(AppContext.BaseDirectory, "runtimes"), recursive: true);
            }
        }

        private static string Try()
        {
            try
            {
                using var connection = new TigerGraphConnection(new ConnectionOptions { Host = "localhost" });
                return $"found {TigerGraphConnection.LibraryVersion}";
            }
            catch (Exception e)
            {
                return $"{e.GetType().Name}: {e.Message}";
            }
        }

        /// <summary>Runs the child with another loader path, and gives back what it says.</summary>
        private static string Load(string? path, string? variable) =>
            ChildProcess.Run("load", new Dictionary<string, string?>
            {
                ["LD_LIBRARY_PATH"] = path,
                ["TIGERGRAPH_AUTH_LIBRARY"] = variable,
            });
    }
}
