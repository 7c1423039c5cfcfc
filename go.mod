module github.com/spfzone/spfzone

go 1.26
