using System;
using System.Collections.Generic;
using System.Runtime.Serialization;

namespace TigerGraphAuth
{
    /// <summary>
    /// A secret of a user. It stands for the user's login: who knows its value can get tokens. Before 4.1 it belongs
    /// to one graph, and the server shows its value only once, in the answer to its creation.
    /// </summary>
    public sealed class Secret
    {
        private Secret(string alias, string value, string? graph, bool isMasked)
        {
            Alias = alias;
            Value = value;
            Graph = graph;
            IsMasked = isMasked;
        }

        /// <summary>The name of the secret.</summary>
        public string Alias { get; }

        /// <summary>The value, or its masked form: see <see cref="IsMasked"/>.</summary>
        [IgnoreDataMember, Credential]
        public string Value { get; }

        /// <summary>The graph (before 4.1); null if the server does not say.</summary>
        public string? Graph { get; }

        /// <summary>Whether the value is only the masked form (<c>abc****xyz</c>) that servers before 4.1 show.
        /// </summary>
        public bool IsMasked { get; }

        /// <summary>The alias, without the value.</summary>
        /// <returns>Text that may be logged.</returns>
        public override string ToString() => $"Secret {Alias}";

        /// <summary>Copies a list, which the caller then frees.</summary>
        internal static IReadOnlyList<Secret> ReadAll(SecretsHandle secrets)
        {
            var read = new Secret[(int)NativeMethods.tg_secrets_count(secrets)];
            for (int i = 0; i < read.Length; i++)
            {
                var index = (UIntPtr)i;
                read[i] = new Secret(
                    NativeText.Read(NativeMethods.tg_secrets_alias(secrets, index)),
                    NativeText.Read(NativeMethods.tg_secrets_value(secrets, index)),
                    NativeText.ReadOrNull(NativeMethods.tg_secrets_graph(secrets, index)),
                    NativeMethods.tg_secrets_is_masked(secrets, index) != 0);
            }
            return read;
        }
    }
}
