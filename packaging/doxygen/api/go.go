// Prints what the Go package exports, with its comments, as a Markdown page for packaging/doxygen/guide.
//
//	go run packaging/doxygen/api/go.go
package main

import (
	"fmt"
	"go/ast"
	"go/doc"
	"go/doc/comment"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"log"
	"os"
	"regexp"
	"strings"
)

const (
	folder     = "bindings/go"
	importPath = "github.com/tigergraph/tigergraph-auth/bindings/go"
)

type page struct {
	files *token.FileSet
	pack  *doc.Package
	// headings has the heading below which a name stands.
	headings map[string]string
}

func read() (*page, error) {
	files := token.NewFileSet()
	noTests := func(file fs.FileInfo) bool { return !strings.HasSuffix(file.Name(), "_test.go") }
	packages, err := parser.ParseDir(files, folder, noTests, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	var sources []*ast.File
	for name, source := range packages["tigergraphauth"].Files {
		// It has a name that does not exist: without cgo, the compiler shows it.
		if !strings.HasSuffix(name, "/cgo.go") {
			sources = append(sources, source)
		}
	}
	pack, err := doc.NewFromFiles(files, sources, importPath)
	return &page{files, pack, map[string]string{}}, err
}

// anchor is what the guide makes of a heading.
func anchor(heading string) string {
	return strings.ReplaceAll(strings.ToLower(strings.ReplaceAll(heading, ".", "")), " ", "-")
}

func (p *page) link(to *comment.DocLink) string {
	name := strings.TrimPrefix(to.Recv+"."+to.Name, ".")
	if to.ImportPath != "" {
		return "https://pkg.go.dev/" + to.ImportPath + "#" + name
	}
	heading, found := p.headings[name]
	if !found {
		log.Fatalf("a comment links to %s, which is not exported", name)
	}
	return "#" + anchor(heading)
}

// unresolved is what is left of a link to a name that does not exist.
var unresolved = regexp.MustCompile(`\\\[\*?[A-Z][A-Za-z.]*\]`)

func (p *page) comment(text string) {
	printer := p.pack.Printer()
	printer.HeadingLevel = 4
	printer.HeadingID = func(*comment.Heading) string { return "" }
	printer.DocLinkURL = p.link
	said := printer.Markdown(p.pack.Parser().Parse(text))
	if dead := unresolved.Find(said); dead != nil {
		log.Fatalf("a comment links to %s, which does not exist", dead)
	}
	os.Stdout.Write(said)
}

// entry is a declaration with its comment, below a heading if it has one of its own.
func (p *page) entry(heading string, declaration ast.Decl, text string) {
	if heading != "" {
		fmt.Printf("\n%s\n", heading)
	}
	fmt.Print("\n```go\n")
	if err := format.Node(os.Stdout, p.files, declaration); err != nil {
		log.Fatal(err)
	}
	fmt.Print("\n```\n\n")
	p.comment(text)
}

func (p *page) values(values []*doc.Value) {
	for _, value := range values {
		p.entry("", value.Decl, value.Doc)
	}
}

func (p *page) functions(prefix string, functions []*doc.Func) {
	for _, function := range functions {
		p.entry("### "+prefix+function.Name, function.Decl, function.Doc)
	}
}

// find notes where each name is, for links.
func (p *page) find() {
	values := func(heading string, values []*doc.Value) {
		for _, value := range values {
			for _, name := range value.Names {
				p.headings[name] = heading
			}
		}
	}
	functions := func(prefix string, functions []*doc.Func) {
		for _, function := range functions {
			p.headings[prefix+function.Name] = prefix + function.Name
		}
	}
	values("Constants", p.pack.Consts)
	values("Variables", p.pack.Vars)
	functions("", p.pack.Funcs)
	for _, t := range p.pack.Types {
		p.headings[t.Name] = t.Name
		values(t.Name, append(t.Consts, t.Vars...))
		functions("", t.Funcs)
		functions(t.Name+".", t.Methods)
	}
}

func (p *page) print() {
	fmt.Printf("# Go: the package %s\n\n", p.pack.Name)
	p.comment(p.pack.Doc)
	if len(p.pack.Consts) > 0 {
		fmt.Print("\n## Constants\n")
		p.values(p.pack.Consts)
	}
	fmt.Print("\n## Variables\n")
	p.values(p.pack.Vars)
	fmt.Print("\n## Functions\n")
	p.functions("", p.pack.Funcs)
	for _, t := range p.pack.Types {
		p.entry("## "+t.Name, t.Decl, t.Doc)
		p.values(append(t.Consts, t.Vars...))
		p.functions("", t.Funcs)
		p.functions(t.Name+".", t.Methods)
	}
}

func main() {
	log.SetFlags(0)
	page, err := read()
	if err != nil {
		log.Fatal(err)
	}
	page.find()
	page.print()
}
